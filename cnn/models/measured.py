"""What was measured here of the registered architectures. Add a row only with the command that gave it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One measured accuracy, from 0 to 1, and everything that is needed to measure it again."""

    accuracy: float
    data: str
    """The faces that it was measured on; the network has not learnt from them and was not chosen by them."""
    epochs: int
    command: str
    """What trained it; `docs/results.md` has the rest."""
    date: str
    """Year-month-day."""


_FERPLUS = "FER+ PublicTest, five classes"

MEASURED: dict[str, Measured] = {
    "reference": Measured(
        accuracy=0.882,
        data=_FERPLUS,
        epochs=60,
        command="facefoundry cnn train faces cnn    with `facefoundry presets show ferplus` as params.yaml, here and "
        "when the faces are merged",
        date="2026-11-21",
    ),
    "compact_resnet": Measured(
        accuracy=0.874,
        data=_FERPLUS,
        epochs=80,
        command="facefoundry cnn train faces cnn --model compact_resnet --epochs 80 --dropout 0.2    with the same, "
        "and the faces merged with --validation-fraction 0.1 --ferplus-labels majority_then_distribution",
        date="2026-11-21",
    ),
}
"""By architecture; one that is absent was not measured here yet."""
