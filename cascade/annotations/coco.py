"""COCO's json: ``images``, ``annotations`` with ``bbox`` ``[x, y, width, height]`` in pixels from 0, ``categories``.

Fractions are rounded by `records.box_between`. ``iscrowd`` or ``ignore`` marks an ignored box. Segmentations and key
points are read over. Pictures are looked for beside the file, and where COCO's own layout and common tools have them.
Lin and others, "Microsoft COCO: Common Objects in Context", 2014; https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cascade.annotations.places import find_picture, measure, relative_name
from cascade.annotations.problems import complain, shortened
from cascade.annotations.records import UNLABELLED, Annotation, annotation_of, box_between
from cascade.boxes import Box
from cascade.errors import InputError
from cascade.pictures import PictureError
from runs.files import write_json
from runs.skips import Skip

MAX_BYTES = 512 * 1024 * 1024
"""A larger file is refused; COCO's own largest has 470 MB, most of it segmentations."""

Objects = list[tuple[Box, str, bool]]


def read(path: Path, problems: list[Skip] | None = None) -> list[Annotation]:
    """Read a COCO file; the pictures are not opened. One without annotations has no boxes.

    Parameters
    ----------
    problems
        Broken entries are appended here and left out. Without a list, the first is an error.

    Raises
    ------
    InputError
        The file cannot be read or is not COCO's json, or an entry is broken and `problems` is None.
    """
    data = _load(path)
    objects: dict[Any, Objects] = {}
    images = [image for image in _entries(path, data, "images", problems) if _is_new(path, image, objects, problems)]
    names = _category_names(path, data, problems)
    for entry in _entries(path, data, "annotations", problems):
        _take_object(path, entry, names, objects, problems)
    return [_annotation(path, image, objects[image["id"]]) for image in images]


def write(path: Path, annotations: Iterable[Annotation], problems: list[Skip] | None = None) -> None:
    """Write a COCO file, whole or not at all; pictures are named relative to `path`'s folder.

    A box without a label becomes one of the category ``object``. Ignored boxes get both ``iscrowd`` and ``ignore``.
    Sizes that the annotations lack are read from the pictures, where those can be read.
    """
    del problems  # the format carries everything
    items = list(annotations)
    labels = sorted({label or UNLABELLED for item in items for _, label, _ in item.objects()})
    numbers = {label: number for number, label in enumerate(labels, start=1)}
    entries = [
        _entry(image, numbers[label or UNLABELLED], box, ignored)
        for image, item in enumerate(items, start=1)
        for box, label, ignored in item.objects()
    ]
    images = [_image(path, number, item) for number, item in enumerate(items, start=1)]
    categories = [{"id": number, "name": label} for label, number in numbers.items()]
    for number, entry in enumerate(entries, start=1):
        entry["id"] = number
    write_json(path, {"images": images, "annotations": entries, "categories": categories})


def is_coco(path: Path) -> bool:
    """Whether the file begins as a COCO file may: with an object, and one of its parts named early."""
    try:
        with path.open("rb") as stream:
            head = stream.read(65536)
    except OSError:
        return False
    parts = (b'"images"', b'"annotations"', b'"categories"')
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and any(part in head for part in parts)


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MiB. Split it.")
            data = json.loads(stream.read().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Give a COCO file that exists.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not whole JSON ({error}). Mend it.") from None
    if not isinstance(data, dict) or not isinstance(data.get("images"), list):
        raise InputError(f"{path} has no list `images`. Give a COCO file of object annotations.")
    return data


def _entries(path: Path, data: dict[str, Any], name: str, problems: list[Skip] | None) -> list[dict[str, Any]]:
    """The list's entries, each an object with the list's name and its number in it under ``place``."""
    entries = data.get(name, [])
    if not isinstance(entries, list):
        raise InputError(f"{path}: `{name}` must be a list. Got {shortened(entries)}.")
    found = []
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            found.append({**entry, "place": f"{name}[{number}]"})
        else:
            remedy = "Write an object in braces."
            complain(Skip(str(path), 0, "broken entry", f"{name}[{number}]: {shortened(entry)}", remedy), problems)
    return found


def _category_names(path: Path, data: dict[str, Any], problems: list[Skip] | None) -> dict[Any, str]:
    entries = _entries(path, data, "categories", problems)
    return {one["id"]: str(one.get("name", "")).strip() for one in entries if isinstance(one.get("id"), (int, str))}


def _is_new(path: Path, image: dict[str, Any], objects: dict[Any, Objects], problems: list[Skip] | None) -> bool:
    key, name = image.get("id"), image.get("file_name")
    if not isinstance(key, (int, str)) or not isinstance(name, str) or not name or "\0" in name:
        value = f"{image['place']}: id {shortened(key)}, file_name {shortened(name)}"
        complain(Skip(str(path), 0, "broken image", value, "Give `id` and `file_name`."), problems)
    elif key in objects:
        value, remedy = f"{image['place']}: {key!r}", "Give each image its own id; its boxes went to the first."
        complain(Skip(str(path), 0, "image id twice", value, remedy), problems)
    else:
        objects[key] = []
        return True
    return False


def _take_object(
    path: Path,
    entry: dict[str, Any],
    names: dict[Any, str],
    objects: dict[Any, Objects],
    problems: list[Skip] | None,
) -> None:
    image, category, box = entry.get("image_id"), entry.get("category_id"), _box(entry.get("bbox"))
    if not isinstance(image, (int, str)) or image not in objects:
        rule, value, remedy = "unknown image", image, "`image_id` must be the `id` of an entry of `images`."
    elif box is None:
        rule, value, remedy = "broken box", entry.get("bbox"), "Write `bbox` as [x, y, width, height], finite numbers."
    elif not isinstance(category, (int, str, type(None))) or (names and category not in names):
        rule, value, remedy = (
            "unknown category",
            category,
            "`category_id` must be the `id` of an entry of `categories`.",
        )
    else:
        label = names.get(category, "" if category is None else str(category))
        objects[image].append((box, label, bool(entry.get("iscrowd")) or bool(entry.get("ignore"))))
        return
    complain(Skip(str(path), 0, rule, f"{entry['place']}: {shortened(value)}", remedy), problems)


def _box(value: Any) -> Box | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in value):
        return None
    x, y, width, height = value
    try:
        return box_between(x, y, x + width, y + height)
    except (ValueError, OverflowError):
        return None


def _annotation(path: Path, image: dict[str, Any], objects: Objects) -> Annotation:
    folder, split = path.parent, path.stem.removeprefix("instances_")
    places = [folder, folder / "images", folder.parent / "images", folder.parent / split, folder.parent]
    sides = [side for name in ("width", "height") if isinstance(side := image.get(name), int) and 0 < side <= 10**6]
    picture = find_picture(places, image["file_name"])
    return annotation_of(picture, objects, size=(sides[0], sides[1]) if len(sides) == 2 else None, file=path)


def _image(path: Path, number: int, item: Annotation) -> dict[str, Any]:
    entry = {"id": number, "file_name": relative_name(path.parent, item.picture)}
    try:
        width, height = item.size or measure(item.picture)
    except PictureError:
        return entry
    return {**entry, "width": width, "height": height}


def _entry(image: int, category: int, box: Box, ignored: bool) -> dict[str, Any]:
    area = max(box[2], 0) * max(box[3], 0)
    marks = {"iscrowd": 1, "ignore": 1} if ignored else {"iscrowd": 0}
    return {"id": 0, "image_id": image, "category_id": category, "bbox": list(box), "area": area, **marks}
