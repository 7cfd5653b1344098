"""Challenger against champion on the same held-out data; the better one is champion then."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from prefect import flow

from flows.held_out import held_out
from tasks import promotion_steps
from tasks.promotion_params import Decision, PromotionParams
from tasks.publish_params import RegisterParams, refuse_password

Model = Literal["face-cascade", "expression-cnn", "face-expression"]


@flow(name="promote-model", description=__doc__)
def promote_model(
    model: Model = "face-cascade",
    data: Path = Path("data"),
    work: Path = Path("work"),
    promotion: PromotionParams = PromotionParams(),
    registration: RegisterParams = RegisterParams(),
) -> Decision:
    """Compare a model's challenger with its champion, record the decision, and move the alias when it is better.

    Args:
        model: Which model. One that is registered under a name of its own: name it in `registration`.
        data: The data folder: `scenes/` in it for a cascade, and scenes labelled with expressions for the pair.
        work: The work folder: `faces/` in it, as the merge writes it, for a network; its test split counts.
        promotion: By how much the challenger must be better, and how both are measured.
        registration: Where the models are registered.
    """
    refuse_password(registration)
    name = registration.model_name or model
    return promotion_steps.decide(name, held_out(data, work), promotion, registration)


if __name__ == "__main__":
    promote_model()
