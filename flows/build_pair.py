"""Both champions as one model: measured together on labelled scenes, and registered as `face-expression`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from prefect import flow

from flows.pipeline import Layout
from flows.run_folder import run_folder
from pair.errors import InputError
from pair.params import EvaluatePairParams
from pair.point import at_point
from tasks import pair_steps, register_steps
from tasks.publish_models import Registered, RegisterParams, pull
from tasks.publish_params import refuse_password
from tasks.publish_pull import ABOUT


@flow(name="build-pair", description=__doc__)
def build_pair(
    data: Path = Path("data"),
    out: Path | None = None,
    cascade: str = "face-cascade@champion",
    network: str = "expression-cnn@champion",
    evaluate_pair: EvaluatePairParams = EvaluatePairParams(),
    registration: RegisterParams = RegisterParams(),
) -> Registered:
    """Pull a cascade and a network from the registry, measure them together, and register them as one model.

    Args:
        data: The data folder, with `expression_scenes/` in it: pictures whose boxes are labelled with expressions.
        out: The run's folder; a new one below `work/runs/` when not given.
        cascade: Which cascade: a registered model's name (its champion), NAME@ALIAS or NAME/VERSION.
        network: Which network, in the same way.
        evaluate_pair: How both are measured together, and how a face is cut out for the network. With `own_point`,
            pictures are searched as the cascade was registered to.
        registration: Where the models are registered.
    """
    refuse_password(registration)
    at = Layout(data, run_folder(out))
    scenes = at.expression_scenes
    if scenes is None:
        raise InputError(
            f"{data} has no folder expression_scenes. Put pictures there whose boxes are labelled with expressions "
            "(docs/pair.md says how), or name another data folder."
        )
    store = replace(registration, model_name=None)
    parts = (pull(cascade, at.work / "pulled_cascade", store), pull(network, at.work / "pulled_network", store))
    params = at_registered_point(evaluate_pair, parts[0].folder / ABOUT)
    score = at.output("evaluate_pair")
    pair_steps.evaluate_pair(parts[0].file, parts[1].file, scenes, score, params)
    cascade, network = (f"{part.name}/{part.version}" for part in parts)
    return register_steps.register_pair(score, registration, cascade, network, data)


def at_registered_point(params: EvaluatePairParams, about: Path) -> EvaluatePairParams:
    """`params` with the search that a pulled cascade was registered with, where they ask for it."""
    told = json.loads(about.read_text(encoding="utf-8")).get("operating_point") or {}
    return at_point(params, told, about) if params.own_point else params


if __name__ == "__main__":
    build_pair()
