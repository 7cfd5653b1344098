"""The new cascade format, parsed and checked: what ``opencv_traincascade`` writes and OpenCV 2 to 5 read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args
from xml.etree.ElementTree import Element

import cascade.model.xml_storage as storage
from cascade.model.parts import (
    BoostType,
    CascadeModel,
    Feature,
    FeatureMode,
    FeatureType,
    Node,
    Rectangle,
    Stage,
    TrainingParameters,
    WeakClassifier,
)
from cascade.model.xml_storage import BrokenError


def read_new_format(cascade: Element) -> CascadeModel:
    """The cascade that a ``<cascade>`` element holds.

    Raises
    ------
    BrokenError
        A part is missing, breaks a rule, or would make OpenCV read foreign memory.
    """
    if (kind := storage.text(cascade, "stageType")) != "BOOST":
        raise BrokenError(f"<stageType> must be BOOST. Got {kind!r}")
    feature_type = _feature_type(cascade)
    width, height = (storage.integer(cascade, side, 1, 10_000) for side in ("width", "height"))
    features = _features(cascade, feature_type, width, height)
    categories = storage.integer(storage.child(cascade, "featureParams"), "maxCatCount", 0, 256)
    if categories != (256 if feature_type == "LBP" else 0):
        raise BrokenError(f"<maxCatCount> must be 0 for HAAR and 256 for LBP. Got {categories} for {feature_type}")
    stages = tuple(
        _stage(element, f"stage {number}", feature_type, len(features))
        for number, element in enumerate(storage.items(storage.child(cascade, "stages"), "stages"))
    )
    if (declared := storage.integer(cascade, "stageNum", 1, 10**6)) != len(stages):
        raise BrokenError(f"<stageNum> says {declared}, but there are {len(stages)} stages")
    return CascadeModel(feature_type, width, height, stages, features, _training(cascade))


def _training(cascade: Element) -> TrainingParameters:
    stage, feature = cascade.find("stageParams"), storage.child(cascade, "featureParams")
    return TrainingParameters(
        boost_type=storage.optional_choice(stage, "boostType", get_args(BoostType)),
        min_hit_rate=storage.optional_number(stage, "minHitRate"),
        max_false_alarm=storage.optional_number(stage, "maxFalseAlarm"),
        weight_trim_rate=storage.optional_number(stage, "weightTrimRate"),
        max_depth=storage.optional_integer(stage, "maxDepth"),
        max_weak_count=storage.optional_integer(stage, "maxWeakCount"),
        feature_size=storage.optional_integer(feature, "featSize"),
        mode=storage.optional_choice(feature, "mode", get_args(FeatureMode)),
    )


def _feature_type(cascade: Element) -> FeatureType:
    match storage.text(cascade, "featureType"):
        case "HAAR":
            return "HAAR"
        case "LBP":
            return "LBP"
        case other:
            raise BrokenError(f"<featureType> must be HAAR or LBP, which OpenCV runs. Got {other!r}")


def _stage(element: Element, place: str, feature_type: FeatureType, num_features: int) -> Stage:
    threshold = storage.numbers(storage.text(element, "stageThreshold"), place, 1)[0]
    weak = storage.items(storage.child(element, "weakClassifiers"), f"{place}, weakClassifiers")
    trees = tuple(_tree(one, f"{place}, weak {number}", feature_type, num_features) for number, one in enumerate(weak))
    return Stage(threshold, trees)


def _tree(element: Element, place: str, feature_type: FeatureType, num_features: int) -> WeakClassifier:
    step = 11 if feature_type == "LBP" else 4
    values = storage.text(element, "internalNodes").split()
    if not values or len(values) % step:
        raise BrokenError(f"{place}: a {feature_type} node has {step} numbers. Got {len(values)} for all nodes")
    nodes = tuple(_node(values[start : start + step], place) for start in range(0, len(values), step))
    leaves = storage.numbers(storage.text(element, "leafValues"), place, len(nodes) + 1)
    check_tree(nodes, place, num_features)
    return WeakClassifier(nodes, leaves)


def check_tree(nodes: tuple[Node, ...], place: str, num_features: int) -> None:
    """Refuse a tree that points out of itself, back, or to a feature that is not there."""
    for number, node in enumerate(nodes):
        if not 0 <= node.feature < num_features:
            raise BrokenError(f"{place}: feature {node.feature} is not among the {num_features} of the file")
        for child in (node.left, node.right):
            # A child must come later: OpenCV walks until it meets a leaf, and would walk a circle for ever.
            if not (number < child < len(nodes) if child > 0 else -child < len(nodes) + 1):
                raise BrokenError(f"{place}: node {number} points to {child}, which is not below it in the tree")


def _node(values: list[str], place: str) -> Node:
    left, right, feature = storage.integers(values[:3], place)
    if len(values) == 4:
        return Node(left, right, feature, storage.numbers(values[3], place, 1)[0])
    subset = storage.integers(values[3:], place)
    if not all(-(2**31) <= word < 2**31 for word in subset):
        raise BrokenError(f"{place}: the words of a subset have 32 bits. Got {' '.join(values[3:])[:60]!r}")
    return Node(left, right, feature, None, subset)


def _features(cascade: Element, feature_type: FeatureType, width: int, height: int) -> tuple[Feature, ...]:
    read = _lbp_feature if feature_type == "LBP" else haar_feature
    features = tuple(
        read(element, f"feature {number}")
        for number, element in enumerate(storage.items(storage.child(cascade, "features"), "features"))
    )
    check_features(features, 3 if feature_type == "LBP" else 1, width, height)
    return features


def check_features(features: Sequence[Feature], cells: int, width: int, height: int) -> None:
    """Refuse a feature with a rectangle (of `cells` x `cells` equal ones) that reaches out of the window."""
    for number, feature in enumerate(features):
        if not all(_fits(one, feature.tilted, cells, width, height) for one in feature.rectangles):
            raise BrokenError(f"feature {number} reaches out of the window of {width}x{height}")


def haar_feature(element: Element, place: str) -> Feature:
    """A ``<rects>`` and, perhaps, a ``<tilted>``."""
    rectangles = []
    for item in storage.items(storage.child(element, "rects"), place):
        words = (item.text or "").split()
        if len(words) != 5:
            raise BrokenError(f"{place}: a rectangle has 5 numbers. Got {len(words)}")
        x, y, width, height = storage.integers(words[:4], place)
        rectangles.append(Rectangle(x, y, width, height, storage.numbers(words[4], place, 1)[0]))
    if len(rectangles) > 3:
        raise BrokenError(f"{place}: a Haar feature has at most 3 rectangles. Got {len(rectangles)}")
    tilted = element.find("tilted") is not None and storage.integer(element, "tilted", 0, 1) == 1
    return Feature(tuple(rectangles), tilted)


def _lbp_feature(element: Element, place: str) -> Feature:
    values = storage.integers(storage.text(element, "rect").split(), place)
    if len(values) != 4:
        raise BrokenError(f"{place}: an LBP feature has 4 numbers. Got {len(values)}")
    return Feature((Rectangle(*values),))


def _fits(one: Rectangle, tilted: bool, cells: int, width: int, height: int) -> bool:
    if min(one.x, one.y) < 0 or min(one.width, one.height) < 1:
        return False
    if tilted:
        # (x, y) is the top corner; the width runs down to the right, the height down to the left.
        return one.x >= one.height and one.x + one.width <= width and one.y + one.width + one.height <= height
    return one.x + cells * one.width <= width and one.y + cells * one.height <= height
