"""The cascade format of OpenCV 1 (``opencv_haartraining``, or ``-baseFormatSave``), read as OpenCV 4 and 5 convert it.

Every node has its own feature there, and a leaf stands in its node. The ``parent`` and ``next`` of the stages are left
unread, as OpenCV leaves them: the stages run one after another.

Source: ``modules/objdetect/src/cascadedetect_convert.cpp``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import cascade.model.xml_storage as storage
from cascade.model.parts import CascadeModel, Feature, Node, Stage, TrainingParameters, WeakClassifier
from cascade.model.read import check_features, check_tree, haar_feature
from cascade.model.xml_storage import BrokenError


def is_old_format(element: Element) -> bool:
    """Whether the first element of a storage is such a cascade; its name may be any."""
    return element.get("type_id") == "opencv-haar-classifier" or element.find("stages/_/trees") is not None


def read_old_format(element: Element) -> CascadeModel:
    """The cascade that the element holds.

    Raises
    ------
    BrokenError
        A part is missing, breaks a rule, or would make OpenCV read foreign memory.
    """
    width, height = _size(element)
    reader = _Reader()
    stages = tuple(
        reader.stage(one, f"stage {number}")
        for number, one in enumerate(storage.items(storage.child(element, "stages"), "stages"))
    )
    check_features(reader.features, 1, width, height)
    most = max(len(stage.weak_classifiers) for stage in stages)
    return CascadeModel("HAAR", width, height, stages, tuple(reader.features), TrainingParameters(max_weak_count=most))


def _size(element: Element) -> tuple[int, int]:
    values = storage.integers(storage.text(element, "size").split(), "<size>")
    if len(values) != 2 or not all(1 <= side <= 10_000 for side in values):
        raise BrokenError(f"<size> must be a width and a height from 1 to 10000. Got {values}")
    return values[0], values[1]


@dataclass
class _Reader:
    """Numbers the features in the order in which they come."""

    features: list[Feature] = field(default_factory=list)

    def stage(self, element: Element, place: str) -> Stage:
        trees = storage.items(storage.child(element, "trees"), place)
        weak = tuple(self._tree(one, f"{place}, weak {number}") for number, one in enumerate(trees))
        return Stage(storage.number(element, "stage_threshold", place), weak)

    def _tree(self, element: Element, place: str) -> WeakClassifier:
        leaves: list[float] = []
        nodes = tuple(self._node(one, leaves, place) for one in storage.items(element, place))
        if len(leaves) != len(nodes) + 1:
            raise BrokenError(f"{place}: {len(nodes)} nodes need {len(nodes) + 1} leaves. Got {len(leaves)}")
        check_tree(nodes, place, len(self.features))
        return WeakClassifier(nodes, tuple(leaves))

    def _node(self, element: Element, leaves: list[float], place: str) -> Node:
        self.features.append(haar_feature(storage.child(element, "feature"), f"{place}, feature"))
        left, right = (_child(element, side, leaves, place) for side in ("left", "right"))
        return Node(left, right, len(self.features) - 1, storage.number(element, "threshold", place))


def _child(element: Element, side: str, leaves: list[float], place: str) -> int:
    if element.find(f"{side}_val") is None:
        return storage.integer(element, f"{side}_node", 1, 10**6)
    leaves.append(storage.number(element, f"{side}_val", place))
    return 1 - len(leaves)
