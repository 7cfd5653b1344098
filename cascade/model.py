"""An OpenCV cascade as data: stages, weak classifiers and features, read from ``cascade.xml`` and checked.

OpenCV's own reader trusts the file: a feature number beyond the list, or a tree that points back to itself, makes it
read foreign memory or run for ever. `read_cascade` refuses such files, so that a cascade that passes is safe to run.

Source: the new cascade format, which ``opencv_traincascade`` writes and ``CascadeClassifier`` of OpenCV 2 to 5 reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

from cascade import opencv_xml as storage
from cascade.errors import InputError, OldFormatError
from cascade.opencv_xml import BrokenError

FeatureType = Literal["HAAR", "LBP"]


@dataclass(frozen=True)
class Rectangle:
    """A weighted rectangle of a feature, in pixels of the window.

    An LBP feature has one: the first of its 3 x 3 equal cells, with weight 1.
    """

    x: int
    y: int
    width: int
    height: int
    weight: float = 1.0


@dataclass(frozen=True)
class Feature:
    """A Haar feature (two or three rectangles, upright or tilted by 45 degrees) or an LBP feature (one)."""

    rectangles: tuple[Rectangle, ...]
    tilted: bool = False


@dataclass(frozen=True)
class Node:
    """A split of a tree.

    A positive `left` or `right` is the number of another node of the tree; zero or less is a leaf, negated. Haar goes
    left where the feature is below `threshold`; LBP (`threshold` is None) where the bit of its code is set in `subset`.
    """

    left: int
    right: int
    feature: int
    threshold: float | None
    subset: tuple[int, ...] = ()


@dataclass(frozen=True)
class WeakClassifier:
    """A tree of splits with one more leaf than nodes; with one node it is a stump."""

    nodes: tuple[Node, ...]
    leaves: tuple[float, ...]


@dataclass(frozen=True)
class Stage:
    """A window passes when the sum of the leaves it reaches is at least `threshold`."""

    threshold: float
    weak_classifiers: tuple[WeakClassifier, ...]


@dataclass(frozen=True)
class CascadeModel:
    """A whole cascade; `width` and `height` are the size of its window in pixels."""

    feature_type: FeatureType
    width: int
    height: int
    stages: tuple[Stage, ...]
    features: tuple[Feature, ...]

    def summary(self) -> dict[str, int | str]:
        """What a person asks first, in counts: ready for JSON."""
        weak = [weak for stage in self.stages for weak in stage.weak_classifiers]
        return {
            "feature_type": self.feature_type,
            "window_width": self.width,
            "window_height": self.height,
            "stages": len(self.stages),
            "weak_classifiers": len(weak),
            "stumps": sum(len(one.nodes) == 1 for one in weak),
            "features": len(self.features),
            "tilted": sum(feature.tilted for feature in self.features),
        }


def read_cascade(path: Path) -> CascadeModel:
    """Read and check a ``cascade.xml`` in the new format (OpenCV 2 and later).

    Parameters
    ----------
    path
        A file of at most 16 MiB. XML with a document type, and so with entities, is refused.

    Raises
    ------
    OldFormatError
        It is a cascade in the format of OpenCV 1.
    InputError
        The file is absent, not whole, not a cascade, or a cascade that would make OpenCV read foreign memory.
    """
    try:
        return _model(_cascade_element(storage.parse(path)))
    except OldFormatError as error:
        raise OldFormatError(f"{path}: {error}") from None
    except BrokenError as error:
        raise InputError(f"{path} is not a whole cascade: {error}. Train it again, or copy the file again.") from None


def _cascade_element(root: Element) -> Element:
    if root.tag != "opencv_storage" or len(root) == 0:
        raise BrokenError(f"its root must be <opencv_storage> with a <cascade> in it. Got <{root.tag}>")
    first = root[0]
    if first.get("type_id") == "opencv-haar-classifier" or first.find("stages/_/trees") is not None:
        raise OldFormatError(
            "this is a cascade in the old format of OpenCV 1. OpenCV runs it, but its parts are not read here. "
            "Train without `base_format_save` to get the new format."
        )
    if first.tag != "cascade":
        raise BrokenError(f"<{first.tag}> stands where <cascade> must: part of a training, or something else")
    return first


def _model(cascade: Element) -> CascadeModel:
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
    return CascadeModel(feature_type, width, height, stages, features)


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
    _check_tree(nodes, place, num_features)
    return WeakClassifier(nodes, leaves)


def _check_tree(nodes: tuple[Node, ...], place: str, num_features: int) -> None:
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
    return Node(left, right, feature, None, storage.integers(values[3:], place))


def _features(cascade: Element, feature_type: FeatureType, width: int, height: int) -> tuple[Feature, ...]:
    read = _lbp_feature if feature_type == "LBP" else _haar_feature
    features = tuple(
        read(element, f"feature {number}")
        for number, element in enumerate(storage.items(storage.child(cascade, "features"), "features"))
    )
    cells = 3 if feature_type == "LBP" else 1
    for number, feature in enumerate(features):
        if not all(_fits(one, feature.tilted, cells, width, height) for one in feature.rectangles):
            raise BrokenError(f"feature {number} reaches out of the window of {width}x{height}")
    return features


def _haar_feature(element: Element, place: str) -> Feature:
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
