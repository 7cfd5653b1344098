from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cascade.errors import InputError
from cascade.model import CascadeModel, Feature, Rectangle
from cascade.model.diff import Difference, diff

Make = Callable[..., CascadeModel]


def with_stage(model: CascadeModel, number: int, **changes: Any) -> CascadeModel:
    stages = list(model.stages)
    stages[number] = replace(stages[number], **changes)
    return replace(model, stages=tuple(stages))


def with_node(model: CascadeModel, **changes: Any) -> CascadeModel:
    """Change the first node of the second weak classifier of the second stage."""
    first, weak = model.stages[1].weak_classifiers
    nodes = (replace(weak.nodes[0], **changes), *weak.nodes[1:])
    return with_stage(model, 1, weak_classifiers=(first, replace(weak, nodes=nodes)))


@pytest.mark.parametrize(("kind", "nodes"), [("HAAR", 1), ("LBP", 4)])
def test_a_cascade_equals_itself(random_model: Make, kind: str, nodes: int) -> None:
    assert diff(random_model(4, kind, nodes), random_model(4, kind, nodes)) == ()
    assert diff(random_model(4, kind, nodes), random_model(5, kind, nodes)) != ()


def test_the_order_of_the_features_is_no_difference(random_model: Make) -> None:
    model = random_model(4)
    last = len(model.features) - 1
    turned = replace(
        model,
        features=model.features[::-1],
        stages=tuple(
            replace(
                stage,
                weak_classifiers=tuple(
                    replace(weak, nodes=tuple(replace(node, feature=last - node.feature) for node in weak.nodes))
                    for weak in stage.weak_classifiers
                ),
            )
            for stage in model.stages
        ),
    )
    assert turned != model
    assert diff(model, turned) == ()


def test_windows_parameters_and_counts_are_all_told(random_model: Make) -> None:
    model = random_model(4)
    training = replace(model.training, boost_type="LB", min_hit_rate=None)
    other = replace(model, width=model.width + 1, training=training, stages=model.stages[:3])
    assert diff(model, other) == (
        Difference("width", str(model.width), str(model.width + 1)),
        Difference("boost_type", "GAB", "LB"),
        Difference("min_hit_rate", "0.995", "not told"),
        Difference("stages", "4", "3"),
    )


def test_of_each_stage_the_first_difference(random_model: Make) -> None:
    model = random_model(4)
    other = with_stage(with_node(model, threshold=7.0), 3, threshold=9.0, weak_classifiers=())
    node = model.stages[1].weak_classifiers[1].nodes[0]
    assert diff(model, other) == (
        Difference("stage 2, weak 2, node 1, threshold", f"{node.threshold:.9g}", "7"),
        Difference("stage 4, weak classifiers", "4", "0"),
    )


@pytest.mark.parametrize(
    ("changes", "place"),
    [({"left": -1, "right": 0}, "children"), ({"threshold": 5.0}, "threshold"), ({"subset": (1,) * 8}, "subset")],
)
def test_each_part_of_a_node_is_compared(random_model: Make, changes: dict[str, Any], place: str) -> None:
    model = random_model(4)
    (found,) = diff(model, with_node(model, **changes))
    assert found.place == f"stage 2, weak 2, node 1, {place}"


def test_features_are_compared_where_they_are_used(random_model: Make) -> None:
    model = random_model(4)
    used = model.stages[0].weak_classifiers[0].nodes[0].feature
    for feature in (
        Feature((Rectangle(0, 0, 4, 4, -1.0), Rectangle(0, 0, 2, 4, 2.0))),
        replace(model.features[used], tilted=not model.features[used].tilted),
    ):
        other = replace(model, features=(*model.features[:used], feature, *model.features[used + 1 :]))
        found = diff(model, other)
        assert found[0].place == "stage 1, weak 1, node 1, feature"
        assert found[0].first != found[0].second


def test_leaves_and_the_tolerance(random_model: Make) -> None:
    model = random_model(4)
    (weak,) = model.stages[0].weak_classifiers
    moved = replace(weak, leaves=(weak.leaves[0], weak.leaves[1] + 0.01))
    other = with_stage(model, 0, weak_classifiers=(moved,), threshold=model.stages[0].threshold + 0.005)
    assert [one.place for one in diff(model, other)] == ["stage 1, threshold"]
    assert [one.place for one in diff(model, other, 0.007)] == ["stage 1, weak 1, leaf 2"]
    assert diff(model, other, 0.011) == ()


@pytest.mark.parametrize("tolerance", [-0.1, float("nan")])
def test_a_wrong_tolerance_is_refused(random_model: Make, tolerance: float) -> None:
    with pytest.raises(InputError, match="`tolerance` must be at least 0"):
        diff(random_model(4), random_model(4), tolerance)
