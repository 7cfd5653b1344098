"""From a picture file to the 48x48 face that the network takes."""

from __future__ import annotations

import math

import cv2
import numpy as np

from cnn.datasets.table import IMAGE_SIZE
from cnn.picture_header import Size, picture_size

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""

ExactBox = tuple[float, float, float, float]
"""A box whose edges may lie between pixels."""

MAX_BYTES = 200_000_000
"""Larger picture files are refused before they are read."""

MAX_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: they would take 100 MB a thread and more."""

LEAST_REDUCED_SIDE = 2 * IMAGE_SIZE
"""A JPEG is decoded at a half, a quarter or an eighth only where both sides of the face keep so many pixels."""

_FLAGS = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


class PictureError(ValueError):
    """A picture cannot be used; `rule` is the rule it breaks, `value` what broke it."""

    def __init__(self, rule: str, value: str) -> None:
        super().__init__(f"{rule} (got {value})")
        self.rule = rule
        self.value = value


def read_face(data: bytes, box: ExactBox | None = None) -> np.ndarray:
    """The face in a picture file: decoded, cut out by `box` (None: the whole picture), grey, (48, 48) uint8.

    A large JPEG is decoded at the smallest scale that leaves the face at least `LEAST_REDUCED_SIDE` pixels, several
    times faster. On photographs the face then differs from that at full scale by 0.6 (half scale) to 1.1 (an eighth)
    grey levels in the mean: less than it does when the box moves by one pixel.

    Parameters
    ----------
    data
        The bytes of the file.
    box
        In pixels of the upright picture; it is clipped to it.

    Raises
    ------
    PictureError
        As `decode` and `crop`.
    """
    image, width, height, factor = _decode_for(data, box)
    if factor == 1 and (box is None or all(float(value).is_integer() for value in box)):
        return to_face(image, box and (int(box[0]), int(box[1]), int(box[2]), int(box[3])))
    return _exact_face(image, box or (0, 0, width, height), width, height, factor)


def decode(data: bytes) -> np.ndarray:
    """Decode a picture file's bytes to greyscale, (height, width) uint8, turned upright as its EXIF says.

    Raises
    ------
    PictureError
        The bytes are no picture of a known format, or one with more than `MAX_PIXELS`, or a JPEG or PNG that ends
        before its end (which OpenCV would fill up with grey).
    """
    _check_header(data)
    return _decode(data, 1)


def reduction(data: bytes, size: Size, box: ExactBox | None) -> int:
    """The divisor of the scale to decode at: 8, 4 or 2 for a JPEG whose face stays large enough, otherwise 1.

    Parameters
    ----------
    data
        The bytes of the file.
    size
        Width and height of the upright picture.
    box
        In pixels of the upright picture; what of it lies outside does not count. None: the whole picture.
    """
    if not data.startswith(b"\xff\xd8"):
        return 1  # OpenCV decodes all other formats at full scale first
    left, top, right, bottom = _clipped(box or (0, 0, *size), *size)
    side = min(right - left, bottom - top)
    return next((factor for factor in (8, 4, 2) if side >= factor * LEAST_REDUCED_SIDE), 1)


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    """The part of an image, (height, width) or (height, width, channels), below `box` clipped to the image; a view.

    Raises
    ------
    PictureError
        The box has no area, or nothing of it lies in the image.
    """
    left, top, right, bottom = _visible(box, image.shape[1], image.shape[0])
    return image[int(top) : int(bottom), int(left) : int(right)]


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


def _check_header(data: bytes) -> Size:
    if not data:
        raise PictureError("picture must not be empty", "0 bytes")
    size = picture_size(data)
    if size is None:
        raise PictureError("picture must decode", f"{len(data)} bytes that are no picture of a known format")
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError(f"picture must have at most {MAX_PIXELS // 1_000_000} megapixels", f"{size[0]}x{size[1]}")
    if _is_cut_off(data):
        raise PictureError("picture must be whole", f"one cut off after {len(data)} bytes")
    return size


def _decode_for(data: bytes, box: ExactBox | None) -> tuple[np.ndarray, int, int, int]:
    """The picture at the scale that suits `box`, its full width and height, and the divisor of the scale."""
    width, height = _check_header(data)
    factor = reduction(data, (width, height), box)
    image = _decode(data, factor)
    if (image.shape[1] < image.shape[0]) != (width < height):  # EXIF data turned it, and the box is in the upright one
        width, height = height, width
        if reduction(data, (width, height), box) != factor:
            factor = reduction(data, (width, height), box)
            image = _decode(data, factor)
    return image, width, height, factor


def _decode(data: bytes, factor: int) -> np.ndarray:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), _FLAGS[factor])
    except cv2.error as error:
        raise PictureError("picture must decode", error.err or "an error of OpenCV") from error
    if image is None:
        raise PictureError("picture must decode", f"{len(data)} bytes that are no picture")
    return image


def _exact_face(image: np.ndarray, box: ExactBox, width: int, height: int, factor: int) -> np.ndarray:
    """As `to_face` where edges lie between pixels: cubic interpolation at about that scale, then whole blocks averaged.

    `box` is in a picture of this width and height, of which `image` is the 1/`factor`, rounded up.
    """
    left, top, right, bottom = (edge / factor for edge in _visible(box, width, height))
    columns, rows = (IMAGE_SIZE * max(1, round(side / IMAGE_SIZE)) for side in (right - left, bottom - top))
    x_step, y_step = (right - left) / columns, (bottom - top) / rows
    matrix = np.array([[x_step, 0, left + x_step / 2 - 0.5], [0, y_step, top + y_step / 2 - 0.5]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    face = cv2.warpAffine(image, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return to_face(face)


def _visible(box: ExactBox, width: int, height: int) -> ExactBox:
    if not all(map(math.isfinite, box)):
        raise PictureError("box must be finite", str(box))
    if box[2] < 1 or box[3] < 1:
        raise PictureError("box must be at least 1x1", str(box))
    left, top, right, bottom = _clipped(box, width, height)
    if left >= right or top >= bottom:
        raise PictureError("box must touch its picture", f"{box} in {width}x{height}")
    return left, top, right, bottom


def _clipped(box: ExactBox, width: float, height: float) -> ExactBox:
    """Left, top, right and bottom edge of what of `box` lies in a picture of this size."""
    x, y, box_width, box_height = box
    return max(x, 0), max(y, 0), min(x + box_width, width), min(y + box_height, height)


def _is_cut_off(data: bytes) -> bool:
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data
    # In a scan, FF is always followed by 00 or a restart marker, so these marks are real ones. An embedded thumbnail's
    # "end of image" comes before the picture's own "start of scan"; searching only behind the last end is fast.
    end = data.rfind(b"\xff\xd9")
    return data.startswith(b"\xff\xd8") and (end < 0 or data.find(b"\xff\xda", end) > 0)
