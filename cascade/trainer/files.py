"""The files that opencv_traincascade leaves and resumes from: ``params.xml``, ``stageN.xml`` and ``cascade.xml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cascade import train_files
from cascade.model import CascadeModel, Node, Stage, TrainingParameters, WeakClassifier
from cascade.model import write as model_write
from cascade.model import xml_storage as opencv_xml
from cascade.train_params import CascadeTrainParams
from cascade.trainer.features import FeaturePool
from runs.files import write_text


def assemble(pool: FeaturePool, stages: Sequence[Stage]) -> CascadeModel:
    """The cascade of these stages, whose features are numbered as in the pool; in it they are in the same order."""
    weak = [weak for stage in stages for weak in stage.weak_classifiers]
    used = sorted({node.feature for one in weak for node in one.nodes})
    place = {feature: number for number, feature in enumerate(used)}
    renumbered = tuple(
        Stage(one.threshold, tuple(_renumber(weak, place) for weak in one.weak_classifiers)) for one in stages
    )
    features = tuple(pool.feature(number) for number in used)
    return CascadeModel(pool.feature_type, pool.width, pool.height, renumbered, features)


def write_params(folder: Path, params: CascadeTrainParams) -> None:
    """Write ``params.xml``."""
    window = params.width, params.height
    write_text(folder / train_files.PARAMS, model_write.params_text(params.feature_type, window, _training(params)))


def write_stage(folder: Path, number: int, stage: Stage) -> None:
    """Write ``stageN.xml``, its features numbered as in the pool."""
    write_text(folder / f"stage{number}.xml", model_write.stage_text(stage, number))


def write_cascade(folder: Path, params: CascadeTrainParams, pool: FeaturePool, stages: Sequence[Stage]) -> None:
    """Write ``cascade.xml``."""
    model = replace(assemble(pool, stages), training=_training(params))
    model_write.write_cascade(model, folder / train_files.CASCADE)


def read_stage(folder: Path, number: int) -> Stage:
    """Read a ``stageN.xml`` that `write_stage` or opencv_traincascade wrote.

    Raises
    ------
    BrokenError
        It is something else.
    """
    root = opencv_xml.parse(folder / f"stage{number}.xml")[0]
    threshold = opencv_xml.numbers(opencv_xml.text(root, "stageThreshold"), "stageThreshold", 1)[0]
    weak = opencv_xml.items(opencv_xml.child(root, "weakClassifiers"), f"stage {number}")
    return Stage(threshold, tuple(_read_weak(one) for one in weak))


def _renumber(weak: WeakClassifier, place: dict[int, int]) -> WeakClassifier:
    nodes = (Node(one.left, one.right, place[one.feature], one.threshold, one.subset) for one in weak.nodes)
    return WeakClassifier(tuple(nodes), weak.leaves)


def _read_weak(element: Element) -> WeakClassifier:
    leaves = opencv_xml.text(element, "leafValues")
    count = len(leaves.split())
    words = opencv_xml.text(element, "internalNodes").split()
    step = len(words) // max(count - 1, 1)
    nodes = [_read_node(words[start : start + step]) for start in range(0, len(words), step)]
    return WeakClassifier(tuple(nodes), opencv_xml.numbers(leaves, "leafValues", count))


def _read_node(words: list[str]) -> Node:
    left, right, feature = opencv_xml.integers(words[:3], "internalNodes")
    if len(words) == 4:
        return Node(left, right, feature, opencv_xml.numbers(words[3], "internalNodes", 1)[0])
    return Node(left, right, feature, None, opencv_xml.integers(words[3:], "internalNodes"))


def _training(params: CascadeTrainParams) -> TrainingParameters:
    """The parameters as the program writes them: in single precision."""
    return TrainingParameters(
        boost_type=params.boost_type,
        min_hit_rate=_single(params.min_hit_rate),
        max_false_alarm=_single(params.max_false_alarm_rate),
        weight_trim_rate=_single(params.weight_trim_rate),
        max_depth=params.max_depth,
        max_weak_count=params.max_weak_count,
        feature_size=1,
        mode=params.mode if params.feature_type == "HAAR" else None,
    )


def _single(value: float) -> float:
    return float(np.float32(value))
