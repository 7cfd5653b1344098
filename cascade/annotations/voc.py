"""Pascal VOC's folder of XML files, one a picture: ``<object>`` with ``<name>`` and ``<bndbox>``.

Its corners are counted from 1 and both belong to the box, so that ``xmin = x + 1`` and ``xmax = x + width``; fractions
are rounded by `records.box_between`. ``<difficult>1`` marks an ignored box. Boxes of ``<part>`` are read over.
Everingham and others, "The PASCAL Visual Object Classes (VOC) Challenge", 2010, and its development kit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from cascade.annotations.places import check_new_folder, find_picture, measure, own_names, relative_name
from cascade.annotations.problems import complain, origin, shortened
from cascade.annotations.records import UNLABELLED, Annotation, annotation_of, box_between
from cascade.annotations.xml_tree import Element, add, as_bytes, children, fits, read_tree, root_name, text_of
from cascade.boxes import Box
from cascade.errors import InputError
from cascade.pictures import PictureError
from runs.files import replacing_folder
from runs.skips import Skip

FOLDER = "Annotations"


def read(path: Path, problems: list[Skip] | None = None) -> list[Annotation]:
    """Read a folder of VOC files (or one that holds ``Annotations``, or one file), sorted by their names.

    A picture is looked for at ``folder/filename`` from the file's folder and from the one above, in ``../JPEGImages``,
    beside the file, in ``../images``, and last at ``path``. The pictures are not opened.

    Parameters
    ----------
    problems
        Broken files and objects are appended here and left out. Without a list, the first is an error.

    Raises
    ------
    InputError
        There is no VOC file, or something is broken and `problems` is None.
    """
    files = list_files(path)
    if not files:
        raise InputError(f"{path} holds no VOC file. Give the folder of the XML files (`Annotations`).")
    found = (_read_file(file, problems) for file in files)
    return [annotation for annotation in found if annotation is not None]


def write(path: Path, annotations: Iterable[Annotation], problems: list[Skip] | None = None) -> None:
    """Write a folder with one XML file a picture in ``Annotations``, whole or not at all.

    The files are named after the pictures, with a number where two have the same name. The pictures stay where they
    are: ``<folder>`` names that place from the file's folder. A box without a label gets the name ``object``.

    Parameters
    ----------
    problems
        Pictures whose names or labels XML cannot carry (control characters, outer space) are appended here.

    Raises
    ------
    InputError
        `path` holds something, or a picture cannot be written and `problems` is None.
    """
    check_new_folder(path)
    items = list(annotations)
    with replacing_folder(path.resolve()) as beside:
        (beside / FOLDER).mkdir()
        for name, item in zip(own_names(item.picture for item in items), items, strict=True):
            place = relative_name(beside / FOLDER, item.picture)
            if all(fits(part) for part in (*Path(place).parts, *item.labels, *item.ignored_labels, name)):
                (beside / FOLDER / f"{name}.xml").write_bytes(as_bytes(_tree(place, item)))
            else:
                remedy = "XML cannot carry this picture's name or labels: rename them."
                complain(Skip(origin(item), item.line, "name unfit for XML", repr(place), remedy), problems)


def list_files(path: Path) -> list[Path]:
    """The VOC files of a folder, by their root element; none are looked for deeper than in ``Annotations``."""
    if path.is_file():
        return [path]
    folder = path / FOLDER if (path / FOLDER).is_dir() else path
    return sorted(file for file in folder.glob("*.xml") if root_name(file) == "annotation")


def _read_file(file: Path, problems: list[Skip] | None) -> Annotation | None:
    try:
        root = read_tree(file)
        picture = _picture(file, root)
    except (InputError, ValueError) as error:
        complain(Skip(str(file), 0, "broken file", str(error), "Mend or remove the file."), problems)
        return None
    objects = [one for element in children(root, "object") if (one := _object(file, element, problems)) is not None]
    return replace(annotation_of(picture, objects, file=file), size=_size(root))


def _picture(file: Path, root: Element) -> Path:
    name, folder, path = (root.findtext(tag) or "" for tag in ("filename", "folder", "path"))
    name, above = name.strip("\r\n\t") or file.stem, file.parent.parent
    places = [above / "JPEGImages", file.parent, above / "images"]
    if folder.strip():
        places = [file.parent / folder.strip(), above / folder.strip(), *places]
    picture = find_picture(places, name)
    return Path(path.strip()) if path.strip() and not picture.is_file() and Path(path.strip()).is_file() else picture


def _object(file: Path, element: Element, problems: list[Skip] | None) -> tuple[Box, str, bool] | None:
    corners = element.find("bndbox")
    texts = ["" if corners is None else text_of(corners, tag) for tag in ("xmin", "ymin", "xmax", "ymax")]
    try:
        left, top, right, bottom = map(float, texts)
        box = box_between(left - 1, top - 1, right, bottom)
    except ValueError:
        remedy = "Write <bndbox> with <xmin>, <ymin>, <xmax>, <ymax>, numbers."
        complain(Skip(str(file), element.line, "broken box", shortened(" ".join(texts)), remedy), problems)
        return None
    return box, text_of(element, "name"), text_of(element, "difficult") not in ("", "0")


def _size(root: Element) -> tuple[int, int] | None:
    texts = [root.findtext(f"size/{tag}") or "" for tag in ("width", "height")]
    sides = [int(text) for text in texts if text.strip().isdecimal() and len(text) < 8]
    return (sides[0], sides[1]) if len(sides) == 2 and min(sides) > 0 else None


def _tree(place: str, item: Annotation) -> ElementTree.Element:
    root = ElementTree.Element("annotation")
    add(root, "folder", Path(place).parent.as_posix())
    add(root, "filename", Path(place).name)
    try:
        width, height = item.size or measure(item.picture)
    except PictureError:
        pass
    else:
        size = ElementTree.SubElement(root, "size")
        for tag, value in (("width", width), ("height", height)):
            add(size, tag, value)
    for box, label, ignored in item.objects():
        _add_object(root, box, label or UNLABELLED, ignored)
    return root


def _add_object(root: ElementTree.Element, box: Box, label: str, ignored: bool) -> None:
    element = ElementTree.SubElement(root, "object")
    add(element, "name", label)
    add(element, "difficult", int(ignored))
    corners = ElementTree.SubElement(element, "bndbox")
    x, y, width, height = box
    for tag, value in (("xmin", x + 1), ("ymin", y + 1), ("xmax", x + width), ("ymax", y + height)):
        add(corners, tag, value)
