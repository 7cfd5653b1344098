"""What a cascade is made of: stages, weak classifiers, nodes and features, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FeatureType = Literal["HAAR", "LBP"]
FeatureMode = Literal["BASIC", "CORE", "ALL"]
BoostType = Literal["DAB", "RAB", "LB", "GAB"]


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


@dataclass(frozen=True, kw_only=True)
class TrainingParameters:
    """What a file tells of its training; nothing here changes what the cascade does, and most old files tell little.

    `boost_type` to `max_weak_count` are the options of ``opencv_traincascade``, `mode` (Haar only) too;
    `feature_size` is 1 for Haar and LBP.
    """

    boost_type: BoostType | None = None
    min_hit_rate: float | None = None
    max_false_alarm: float | None = None
    weight_trim_rate: float | None = None
    max_depth: int | None = None
    max_weak_count: int | None = None
    feature_size: int | None = None
    mode: FeatureMode | None = None


@dataclass(frozen=True)
class CascadeModel:
    """A whole cascade; `width` and `height` are the size of its window in pixels."""

    feature_type: FeatureType
    width: int
    height: int
    stages: tuple[Stage, ...]
    features: tuple[Feature, ...]
    training: TrainingParameters = TrainingParameters()

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
