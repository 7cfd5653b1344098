"""dlib's XML, which imglab writes: ``<image file>`` with ``<box top left width height>`` and a ``<label>`` in it.

``ignore='1'`` and ``difficult='1'`` mark an ignored box. Landmarks (``<part>``) are read over.
http://dlib.net/dlib/data_io/image_dataset_metadata.h.html
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from cascade.annotations.places import find_picture, relative_name
from cascade.annotations.problems import complain, origin, shortened
from cascade.annotations.records import Annotation, annotation_of, box_between
from cascade.annotations.xml_tree import Element, add, as_bytes, children, fits, read_tree, text_of
from cascade.boxes import Box
from cascade.errors import InputError
from runs.files import replacing_file
from runs.skips import Skip

_SIDES = ("left", "top", "width", "height")


def read(path: Path, problems: list[Skip] | None = None) -> list[Annotation]:
    """Read one of dlib's files; pictures are resolved from its folder and not opened.

    Parameters
    ----------
    problems
        Broken images and boxes are appended here and left out. Without a list, the first is an error.

    Raises
    ------
    InputError
        The file cannot be read or is not dlib's, or an element is broken and `problems` is None.
    """
    root = read_tree(path, without={"part"})
    images = root.find("images")
    if root.tag != "dataset" or images is None:
        raise InputError(f"{path} has no <dataset> with <images>. Give a file that dlib's imglab wrote.")
    found = (_annotation(path, element, problems) for element in children(images, "image"))
    return [annotation for annotation in found if annotation is not None]


def write(path: Path, annotations: Iterable[Annotation], problems: list[Skip] | None = None) -> None:
    """Write one of dlib's files, whole or not at all; pictures are named relative to `path`'s folder.

    Parameters
    ----------
    problems
        Pictures whose names or labels XML cannot carry (control characters, outer space) are appended here.

    Raises
    ------
    InputError
        A picture cannot be written and `problems` is None.
    """
    root = ElementTree.Element("dataset")
    add(root, "name", path.stem if fits(path.stem) else "dataset")
    images = ElementTree.SubElement(root, "images")
    for item in annotations:
        place = relative_name(path.parent, item.picture)
        if all(fits(part) for part in (place, *item.labels, *item.ignored_labels)):
            _add_image(images, place, item)
        else:
            remedy = "XML cannot carry this picture's name or labels: rename them."
            complain(Skip(origin(item), item.line, "name unfit for XML", repr(place), remedy), problems)
    with replacing_file(path) as beside:
        beside.write_bytes(as_bytes(root))


def _annotation(path: Path, element: Element, problems: list[Skip] | None) -> Annotation | None:
    name = element.get("file", "")
    try:
        picture = find_picture([path.parent], name)
    except ValueError as error:
        complain(Skip(str(path), element.line, "broken image", shortened(name), f"{error}."), problems)
        return None
    objects = [one for box in children(element, "box") if (one := _object(path, box, problems)) is not None]
    sides = [element.get(side, "") for side in ("width", "height")]
    known = all(side.isdecimal() and len(side) < 8 and int(side) for side in sides)
    size = (int(sides[0]), int(sides[1])) if known else None
    return annotation_of(picture, objects, line=element.line, size=size, file=path)


def _object(path: Path, element: Element, problems: list[Skip] | None) -> tuple[Box, str, bool] | None:
    texts = [element.get(side, "") for side in _SIDES]
    try:
        left, top, width, height = map(float, texts)
        box = box_between(left, top, left + width, top + height)
    except ValueError:
        remedy = "Write <box top left width height> with numbers."
        complain(Skip(str(path), element.line, "broken box", shortened(" ".join(texts)), remedy), problems)
        return None
    ignored = any(element.get(mark, "0") not in ("0", "false") for mark in ("ignore", "difficult"))
    return box, text_of(element, "label"), ignored


def _add_image(images: ElementTree.Element, place: str, item: Annotation) -> None:
    size = {} if item.size is None else {"width": str(item.size[0]), "height": str(item.size[1])}
    image = ElementTree.SubElement(images, "image", {"file": place, **size})
    for box, label, ignored in item.objects():
        attributes = dict(zip(_SIDES, map(str, box), strict=True)) | ({"ignore": "1"} if ignored else {})
        element = ElementTree.SubElement(image, "box", attributes)
        if label:
            add(element, "label", label)
