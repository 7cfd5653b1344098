"""Where the factory's layout has the data that models are compared on."""

from __future__ import annotations

from pathlib import Path

from flows.pipeline import Layout
from tasks.promotion_params import HeldOut


def held_out(data: Path, work: Path) -> HeldOut:
    """The held-out data; a model needs its own kind alone, and what it does not need may be absent."""
    at = Layout(data, work)
    return HeldOut(scenes=at.scenes, faces=at.output("merge"), labelled_scenes=at.data / "expression_scenes")
