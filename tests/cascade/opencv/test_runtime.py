from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from cascade.detect import Detector
from cascade.errors import ToolMissingError
from cascade.opencv.runtime import new_classifier


def test_this_opencv_has_the_classifier() -> None:
    assert new_classifier().empty()


def test_a_wheel_without_the_classifier_is_told_from_one_with_it(
    square_cascade: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plain wheel of OpenCV 5 is this one without the attribute."""
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(ToolMissingError, match=r"OpenCV [45]\..*pip install opencv-contrib-python-headless"):
        Detector(square_cascade)
