"""An OpenCV cascade as data: stages, weak classifiers and features, read from ``cascade.xml`` and checked.

OpenCV's own reader trusts the file: a feature number beyond the list, or a tree that points back to itself, makes it
read foreign memory or run for ever. `read_cascade` refuses such files, so that a cascade that passes is safe to run.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import cascade.model.xml_storage as storage
from cascade.errors import InputError
from cascade.model.old_format import is_old_format, read_old_format
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
from cascade.model.read import read_new_format
from cascade.model.xml_storage import BrokenError

__all__ = [
    "BoostType",
    "CascadeModel",
    "Feature",
    "FeatureMode",
    "FeatureType",
    "Node",
    "Rectangle",
    "Stage",
    "TrainingParameters",
    "WeakClassifier",
    "read_cascade",
]


def read_cascade(path: Path) -> CascadeModel:
    """Read and check a ``cascade.xml``, in the new format or in that of OpenCV 1.

    Parameters
    ----------
    path
        A file of at most 16 MiB. XML with a document type, and so with entities, is refused.

    Raises
    ------
    InputError
        The file is absent, not whole, not a cascade, or a cascade that would make OpenCV read foreign memory.
    """
    try:
        element = _cascade_element(storage.parse(path))
        return read_old_format(element) if is_old_format(element) else read_new_format(element)
    except BrokenError as error:
        raise InputError(f"{path} is not a whole cascade: {error}. Train it again, or copy the file again.") from None


def _cascade_element(root: Element) -> Element:
    if root.tag != "opencv_storage" or len(root) == 0:
        raise BrokenError(f"its root must be <opencv_storage> with a <cascade> in it. Got <{root.tag}>")
    first = root[0]
    if first.tag != "cascade" and not is_old_format(first):
        raise BrokenError(f"<{first.tag}> stands where <cascade> must: part of a training, or something else")
    return first
