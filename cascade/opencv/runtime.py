"""What the installed OpenCV must have: `cv2.CascadeClassifier`, which OpenCV 5 moved from all wheels to contrib."""

from __future__ import annotations

from typing import Any

import cv2

from cascade.errors import ToolMissingError


def new_classifier() -> Any:
    """An empty `cv2.CascadeClassifier`.

    Raises
    ------
    ToolMissingError
        The installed OpenCV has none; the message names the wheel that has it.
    """
    if not hasattr(cv2, "CascadeClassifier"):
        raise ToolMissingError(
            f"OpenCV {cv2.__version__} as installed here has no `CascadeClassifier`: since OpenCV 5 only the contrib "
            "wheels hold it. Uninstall every opencv-* package, then `pip install opencv-contrib-python-headless`."
        )
    return cv2.CascadeClassifier()
