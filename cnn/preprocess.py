"""From a picture file to the 48x48 face that the network takes."""

from __future__ import annotations

import cv2
import numpy as np

from cnn.datasets.table import IMAGE_SIZE

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


class PictureError(ValueError):
    """A picture cannot be used; `rule` is the rule it breaks, `value` what broke it."""

    def __init__(self, rule: str, value: str) -> None:
        super().__init__(f"{rule} (got {value})")
        self.rule = rule
        self.value = value


def decode(data: bytes) -> np.ndarray:
    """Decode a picture file's bytes to greyscale, (height, width) uint8, turned upright as its EXIF says.

    Raises
    ------
    PictureError
        The bytes are no picture, or a JPEG that ends before its end (which OpenCV would fill up with grey).
    """
    if not data:
        raise PictureError("picture must not be empty", "0 bytes")
    if _is_truncated_jpeg(data):
        raise PictureError("picture must be whole", f"a JPEG cut off after {len(data)} bytes")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:  # such as more pixels than OpenCV allows
        raise PictureError("picture must decode", error.err or "an error of OpenCV") from error
    if image is None:
        raise PictureError("picture must decode", f"{len(data)} bytes that are no picture")
    return image


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    """The part of an image, (height, width) or (height, width, channels), below `box` clipped to the image; a view.

    Raises
    ------
    PictureError
        The box has no area, or nothing of it lies in the image.
    """
    x, y, width, height = box
    if width < 1 or height < 1:
        raise PictureError("box must be at least 1x1", str(box))
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, image.shape[1]), min(y + height, image.shape[0])
    if left >= right or top >= bottom:
        raise PictureError("box must touch its picture", f"{box} in {image.shape[1]}x{image.shape[0]}")
    return image[top:bottom, left:right]


def to_grey(image: np.ndarray) -> np.ndarray:
    """An image as greyscale (height, width) uint8; takes greyscale, BGR and BGRA, as OpenCV orders them.

    Raises
    ------
    ValueError
        Another shape or type.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(f"`image` must be a uint8 image. Got {image.dtype} of shape {image.shape}.")
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        return image.reshape(image.shape[:2])
    conversions = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}
    if channels not in conversions:
        raise ValueError(f"`image` must have 1, 3 or 4 channels. Got {channels}.")
    return cv2.cvtColor(image, conversions[channels])


def to_face(image: np.ndarray, box: Box | None = None) -> np.ndarray:
    """Crop by `box` (None: the whole picture), make grey and resize to (48, 48) uint8.

    `INTER_AREA` averages the pixels below each new one, so that large photographs do not alias; where the face is
    smaller than 48 pixels it interpolates linearly.

    Raises
    ------
    PictureError
        As `crop`.
    """
    face = image if box is None else crop(image, box)
    if face.size == 0:
        raise PictureError("picture must have pixels", str(image.shape))
    return cv2.resize(to_grey(face), (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA)


def _is_truncated_jpeg(data: bytes) -> bool:
    # In a scan, FF is always followed by 00 or a restart marker, so the last "start of scan" and "end of image" are
    # real ones; an embedded thumbnail's end comes before the picture's own scan.
    return data.startswith(b"\xff\xd8") and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
