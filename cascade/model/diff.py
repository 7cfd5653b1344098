"""In what two cascades differ: their windows and parameters, and the first place where they part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import zip_longest

from cascade.errors import InputError
from cascade.model import CascadeModel, Feature, Node, Stage, WeakClassifier


@dataclass(frozen=True)
class Difference:
    """One difference: the `place` in words, and what stands there in the `first` and the `second` cascade.

    Stages, weak classifiers, nodes and leaves are counted from 1; children are numbers as in the file.
    """

    place: str
    first: str
    second: str


def diff(first: CascadeModel, second: CascadeModel, tolerance: float = 0.0) -> tuple[Difference, ...]:
    """Compare two cascades by what they compute.

    Features are compared where they are used, by their rectangles: another order of the list is no difference.

    Parameters
    ----------
    tolerance
        The greatest absolute difference of thresholds, leaves, weights and training parameters that counts as none.

    Returns
    -------
    tuple of Difference
        Everything about the windows, the parameters and the number of stages; of the stages only the first difference
        of each stage that has one. Empty when the cascades are equal.

    Raises
    ------
    InputError
        The tolerance is negative or no number.
    """
    if not tolerance >= 0:
        raise InputError(f"`tolerance` must be at least 0. Got {tolerance}.")
    return tuple(_Comparison(first, second, tolerance).differences())


@dataclass(frozen=True)
class _Comparison:
    first: CascadeModel
    second: CascadeModel
    tolerance: float

    def differences(self) -> Iterator[Difference]:
        for name in ("feature_type", "width", "height"):
            yield from self._named(name, getattr(self.first, name), getattr(self.second, name))
        for field in fields(self.first.training):
            name = field.name
            yield from self._named(name, getattr(self.first.training, name), getattr(self.second.training, name))
        yield from self._named("stages", len(self.first.stages), len(self.second.stages))
        for number, pair in enumerate(zip(self.first.stages, self.second.stages, strict=False), 1):
            found = next(self._stages(f"stage {number}", *pair), None)
            if found is not None:
                yield found

    def _named(self, place: str, first: object, second: object) -> Iterator[Difference]:
        if not self._same(first, second):
            yield Difference(place, _word(first), _word(second))

    def _same(self, first: object, second: object) -> bool:
        if isinstance(first, float) and isinstance(second, float):
            return abs(first - second) <= self.tolerance
        return first == second

    def _stages(self, place: str, first: Stage, second: Stage) -> Iterator[Difference]:
        count = (len(first.weak_classifiers), len(second.weak_classifiers))
        yield from self._named(f"{place}, weak classifiers", *count)
        yield from self._named(f"{place}, threshold", first.threshold, second.threshold)
        for number, pair in enumerate(zip(first.weak_classifiers, second.weak_classifiers, strict=False), 1):
            yield from self._weak(f"{place}, weak {number}", *pair)

    def _weak(self, place: str, first: WeakClassifier, second: WeakClassifier) -> Iterator[Difference]:
        yield from self._named(f"{place}, nodes", len(first.nodes), len(second.nodes))
        for number, pair in enumerate(zip(first.nodes, second.nodes, strict=False), 1):
            yield from self._nodes(f"{place}, node {number}", *pair)
        for number, leaves in enumerate(zip_longest(first.leaves, second.leaves), 1):
            yield from self._named(f"{place}, leaf {number}", *leaves)

    def _nodes(self, place: str, first: Node, second: Node) -> Iterator[Difference]:
        yield from self._named(f"{place}, children", (first.left, first.right), (second.left, second.right))
        yield from self._features(place, self.first.features[first.feature], self.second.features[second.feature])
        yield from self._named(f"{place}, threshold", first.threshold, second.threshold)
        yield from self._named(f"{place}, subset", first.subset, second.subset)

    def _features(self, place: str, first: Feature, second: Feature) -> Iterator[Difference]:
        shapes = [[(one.x, one.y, one.width, one.height) for one in each.rectangles] for each in (first, second)]
        same = first.tilted == second.tilted and shapes[0] == shapes[1]
        weights = zip(first.rectangles, second.rectangles, strict=False)
        if not (same and all(self._same(one.weight, other.weight) for one, other in weights)):
            yield Difference(f"{place}, feature", feature_words(first), feature_words(second))


def feature_words(feature: Feature) -> str:
    """A feature on one line.

    Examples
    --------
    >>> from cascade.model import Rectangle
    >>> feature_words(Feature((Rectangle(0, 0, 4, 2, -1.0), Rectangle(0, 0, 2, 2, 2.0)), tilted=True))
    'tilted -1*(0,0 4x2) +2*(0,0 2x2)'
    """
    rectangles = (f"{one.weight:+g}*({one.x},{one.y} {one.width}x{one.height})" for one in feature.rectangles)
    return ("tilted " if feature.tilted else "") + " ".join(rectangles)


def _word(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    return "not told" if value is None else str(value)
