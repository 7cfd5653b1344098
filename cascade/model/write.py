"""Write cascades as OpenCV 3.4 does, byte for byte: ``cascade.xml``, and the files of a training that is under way.

A real number is written with 17 digits, so that it is read back exactly.

Source: ``icvDoubleToString`` and ``icvXMLWriteScalar`` of OpenCV's persistence, and ``CvCascadeClassifier::save``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cascade.model import CascadeModel, Feature, FeatureType, Stage, TrainingParameters, WeakClassifier
from runs.files import write_text

_LONGEST_LINE = 71


def write_cascade(model: CascadeModel, path: Path) -> None:
    """Write a cascade in the new format, which OpenCV 2 to 5 load.

    Parameters
    ----------
    model
        What `read_cascade` gives back equal when it reads the file.
    path
        Replaced as a whole. Its folder must exist.
    """
    write_text(path, cascade_text(model))


def cascade_text(model: CascadeModel) -> str:
    """The content of ``cascade.xml``."""
    lines = ["<cascade>", *_head_lines(model.feature_type, (model.width, model.height), model.training)]
    lines += [f"  <stageNum>{len(model.stages)}</stageNum>", "  <stages>"]
    for number, stage in enumerate(model.stages):
        lines += [f"    <!-- stage {number} -->", "    <_>", *_closed(_stage_lines(stage, "      "), "_")]
    lines = [*_closed(lines, "stages"), "  <features>"]
    for feature in model.features:
        lines += _lbp_lines(feature) if model.feature_type == "LBP" else _haar_lines(feature)
    return _storage(_closed(_closed(lines, "features"), "cascade"))


def params_text(feature_type: FeatureType, window: tuple[int, int], training: TrainingParameters) -> str:
    """The content of ``params.xml``, from which a training is resumed; `window` is ``(width, height)`` in pixels."""
    return _storage(_closed(["<params>", *_head_lines(feature_type, window, training)], "params"))


def stage_text(stage: Stage, number: int) -> str:
    """The content of ``stageN.xml``; its nodes number the features among all that the training may choose."""
    name = f"stage{number}"
    return _storage(_closed([f"<{name}>", *_stage_lines(stage, "  ")], name))


def real(value: float) -> str:
    """A number as OpenCV writes it.

    Examples
    --------
    >>> real(-1.0), real(0.5)
    ('-1.', '5.0000000000000000e-01')
    """
    return f"{int(value)}." if value == int(value) and abs(value) < 2**31 else f"{value:.16e}"


def _storage(lines: list[str]) -> str:
    return "\n".join(['<?xml version="1.0"?>', "<opencv_storage>", *lines, "</opencv_storage>", ""])


def _closed(lines: list[str], name: str) -> list[str]:
    return [*lines[:-1], f"{lines[-1]}</{name}>"]


def _head_lines(feature_type: FeatureType, window: tuple[int, int], training: TrainingParameters) -> list[str]:
    lines = [
        "  <stageType>BOOST</stageType>",
        f"  <featureType>{feature_type}</featureType>",
        f"  <height>{window[1]}</height>",
        f"  <width>{window[0]}</width>",
        "  <stageParams>",
        *_given(
            boostType=training.boost_type,
            minHitRate=training.min_hit_rate,
            maxFalseAlarm=training.max_false_alarm,
            weightTrimRate=training.weight_trim_rate,
            maxDepth=training.max_depth,
            maxWeakCount=training.max_weak_count,
        ),
    ]
    lines = [*_closed(lines, "stageParams"), "  <featureParams>"]
    categories = 256 if feature_type == "LBP" else 0
    lines += _given(maxCatCount=categories, featSize=training.feature_size, mode=training.mode)
    return _closed(lines, "featureParams")


def _given(**values: str | float | None) -> list[str]:
    return [
        f"    <{name}>{real(value) if isinstance(value, float) else value}</{name}>"
        for name, value in values.items()
        if value is not None
    ]


def _stage_lines(stage: Stage, indent: str) -> list[str]:
    lines = [
        f"{indent}<maxWeakCount>{len(stage.weak_classifiers)}</maxWeakCount>",
        f"{indent}<stageThreshold>{real(float(stage.threshold))}</stageThreshold>",
        f"{indent}<weakClassifiers>",
    ]
    for weak in stage.weak_classifiers:
        lines += [f"{indent}  <_>", *_closed(_weak_lines(weak, f"{indent}    "), "_")]
    return _closed(lines, "weakClassifiers")


def _weak_lines(weak: WeakClassifier, indent: str) -> list[str]:
    words: list[str] = []
    for node in weak.nodes:
        words += [str(node.left), str(node.right), str(node.feature)]
        words += map(str, node.subset) if node.threshold is None else [real(float(node.threshold))]
    leaves = [real(float(leaf)) for leaf in weak.leaves]
    return [*_list_lines("internalNodes", words, indent), *_list_lines("leafValues", leaves, indent)]


def _list_lines(name: str, words: Iterable[str], indent: str) -> list[str]:
    lines = [f"{indent}<{name}>"]
    for word in words:
        # OpenCV does not count the space before the word.
        if len(lines) > 1 and len(lines[-1]) + len(word) <= _LONGEST_LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent}  {word}")
    return _closed(lines, name)


def _haar_lines(feature: Feature) -> list[str]:
    lines = ["    <_>", "      <rects>"]
    for one in feature.rectangles:
        numbers = f"{one.x} {one.y} {one.width} {one.height} {real(float(one.weight))}"
        lines += ["        <_>", f"          {numbers}</_>"]
    return [*_closed(lines, "rects"), f"      <tilted>{int(feature.tilted)}</tilted></_>"]


def _lbp_lines(feature: Feature) -> list[str]:
    one = feature.rectangles[0]
    return ["    <_>", "      <rect>", f"        {one.x} {one.y} {one.width} {one.height}</rect></_>"]
