"""YOLO's folder of text files, one a picture: ``class cx cy width height`` a line, as shares of the picture's size.

A label file belongs to the picture of the same name beside it, or in ``images`` where it is in ``labels``; a picture
there without a label file has no boxes, as in YOLO's own training. Names of classes come from ``classes.txt`` or
``data.yaml``, and are the numbers where there is neither. https://docs.ultralytics.com/datasets/detect.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cascade.annotations.places import check_new_folder, measure, own_names
from cascade.annotations.problems import complain, origin, shortened, tell_lost_ignored
from cascade.annotations.records import UNLABELLED, Annotation, annotation_of, box_between
from cascade.annotations.yolo_names import CLASSES, read_names, write_names
from cascade.boxes import Box
from cascade.errors import InputError
from cascade.pictures import SUFFIXES, PictureError
from runs.files import replacing_folder
from runs.skips import Skip

_MAX_BYTES = 4 * 1024 * 1024


def read(path: Path, problems: list[Skip] | None = None) -> list[Annotation]:
    """Read a folder of YOLO files, one with ``labels`` somewhere below it, or the folder of a ``data.yaml``.

    The size of each picture with boxes is read from its header. A sixth number (a detector's confidence) is read over.
    Fractions of pixels are rounded by `records.box_between`.

    Parameters
    ----------
    problems
        Broken lines, label files without a picture and pictures that cannot be measured are appended here and left
        out. Without a list, the first is an error.

    Raises
    ------
    InputError
        There is no picture, a list of names is broken, or a line is broken and `problems` is None.
    """
    root = path if path.is_dir() else path.parent
    if not path.exists():
        raise InputError(f"{path} does not exist. Give a folder of YOLO's label files.")
    found: list[Annotation] = []
    for labels in list_label_folders(root):
        names = read_names([labels, labels.parent, root, root.parent])
        for folder in _folders(labels):
            found += _read_folder(folder, _image_folder(labels, folder), names, problems)
    if not found:
        raise InputError(f"{root} holds no picture with YOLO's labels. Put them beside, or in `images` and `labels`.")
    return found


def write(path: Path, annotations: Iterable[Annotation], problems: list[Skip] | None = None) -> None:
    """Write a folder with ``labels/*.txt``, ``images``, ``classes.txt`` and ``data.yaml``, whole or not at all.

    ``images`` holds symbolic links to the pictures, as YOLO finds a picture by its place alone; copy the folder with
    ``cp -rL`` to take them along. A box without a label gets the class ``object``. Shares have 6 decimals, which gives
    every pixel back in pictures up to 600,000 pixels wide. Boxes that reach outside their picture are written as they
    are, though YOLO's training refuses them.

    Parameters
    ----------
    problems
        What cannot be carried is appended here: ignored boxes, and pictures that cannot be measured.

    Raises
    ------
    InputError
        `path` holds something, a label holds a line end, or something is lost and `problems` is None.
    """
    check_new_folder(path)
    items = list(annotations)
    tell_lost_ignored(path, items, problems)
    labels = sorted({label or UNLABELLED for item in items for _, label, ignored in item.objects() if not ignored})
    numbers = {label: number for number, label in enumerate(labels)}
    with replacing_folder(path.resolve()) as beside:
        for name in ("labels", "images"):
            (beside / name).mkdir()
        write_names(beside, labels)
        for name, item in zip(own_names(item.picture for item in items), items, strict=True):
            _write_picture(beside, name, item, numbers, problems)


def is_label_file(path: Path) -> bool:
    """Whether the file's first words are five numbers, the first of them whole; a caption or a notice is no labels."""
    try:
        with path.open("rb") as stream:
            words = stream.readline(1024).split()
        shares = [float(word) for word in words[1:]]
        return len(shares) in (4, 5) and int(words[0]) >= 0
    except (OSError, ValueError):
        return False


def list_label_folders(root: Path) -> list[Path]:
    """The folders called ``labels`` below `root`, or itself where there is none."""
    if root.name == "labels":
        return [root]
    return [folder for folder in _folders(root) if folder.name == "labels"] or [root]


def _folders(root: Path) -> Iterator[Path]:
    """`root` and all folders below it, sorted, without hidden ones; links to folders are not followed."""
    for place, folders, _ in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(place)


def _image_folder(labels: Path, folder: Path) -> Path:
    images = labels.parent / "images" / folder.relative_to(labels)
    return images if labels.name == "labels" and images.is_dir() else folder


def _read_folder(
    folder: Path, images: Path, names: list[str] | None, problems: list[Skip] | None
) -> Iterator[Annotation]:
    texts = {file.stem: file for file in sorted(folder.glob("[!.]*.txt")) if file.name != CLASSES}
    pictures = sorted(p for p in images.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    for picture in pictures:
        text = texts.get(picture.stem)
        annotation = Annotation(picture, ()) if text is None else _read_file(text, picture, names, problems)
        if annotation is not None:
            yield annotation
    for stem in sorted(texts.keys() - {picture.stem for picture in pictures}):
        remedy = "Put the picture beside it, or in `images` where this is in `labels`; or remove the file."
        complain(Skip(str(texts[stem]), 0, "label file without a picture", texts[stem].name, remedy), problems)


def _read_file(text: Path, picture: Path, names: list[str] | None, problems: list[Skip] | None) -> Annotation | None:
    lines = _lines(text, problems)
    if lines is None:
        return None
    if not lines:
        return Annotation(picture, (), file=text)
    try:
        size = measure(picture)
    except PictureError as error:
        complain(Skip(str(text), 0, error.rule, f"{picture.name}: {error.value}", error.remedy), problems)
        return None
    found = [_object(text, number, words, size, names, problems) for number, words in lines]
    return annotation_of(picture, [one for one in found if one is not None], size=size, file=text)


def _lines(text: Path, problems: list[Skip] | None) -> list[tuple[int, list[str]]] | None:
    """The words of each line that has some, with its number; None where the file cannot be used."""
    try:
        with text.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        complain(Skip(str(text), 0, "not readable", str(error.strerror), "Check the file's permissions."), problems)
        return None
    if len(data) > _MAX_BYTES:
        remedy = f"The limit is {_MAX_BYTES} bytes: is it a label file?"
        complain(Skip(str(text), 0, "too large", "more", remedy), problems)
        return None
    lines = enumerate(data.decode("utf-8-sig", "replace").splitlines(), start=1)
    return [(number, line.split()) for number, line in lines if line.strip()]


def _object(
    text: Path,
    line: int,
    words: list[str],
    size: tuple[int, int],
    names: list[str] | None,
    problems: list[Skip] | None,
) -> tuple[Box, str, bool] | None:
    try:
        if len(words) not in (5, 6):
            raise ValueError
        number, shares = int(words[0]), [float(word) for word in words[1:5]]
        box = _box(shares, size)
    except (ValueError, OverflowError):
        remedy = "Write `class cx cy width height`; outlines and key points are not read."
        complain(Skip(str(text), line, "broken line", shortened(" ".join(words)), remedy), problems)
        return None
    if number < 0 or (names is not None and number >= len(names)):
        complain(
            Skip(str(text), line, "unknown class", words[0], f"Give it a name in {CLASSES} or data.yaml."), problems
        )
        return None
    return box, str(number) if names is None else names[number], False


def _box(shares: Sequence[float], size: tuple[int, int]) -> Box:
    (width, height), (x, y, w, h) = size, shares
    return box_between((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)


def _write_picture(
    folder: Path, name: str, item: Annotation, numbers: dict[str, int], problems: list[Skip] | None
) -> None:
    try:
        width, height = measure(item.picture)
        if item.picture.suffix.lower() not in SUFFIXES:
            raise PictureError("not a known picture format", item.picture.name, "Convert it to PNG or JPEG.")
    except PictureError as error:
        value = f"{item.picture.name}: {error.value}"
        complain(Skip(origin(item), item.line, error.rule, value, error.remedy), problems)
        return
    link = folder / "images" / f"{name}{item.picture.suffix}"
    target = item.picture.resolve()
    try:
        link.symlink_to(os.path.relpath(target, link.parent.resolve()))
    except OSError:
        shutil.copyfile(target, link)
    lines = []
    for (x, y, w, h), label, ignored in item.objects():
        if not ignored:
            shares = ((x + w / 2) / width, (y + h / 2) / height, w / width, h / height)
            lines.append(" ".join([str(numbers[label or UNLABELLED]), *(f"{share:.6f}" for share in shares)]))
    (folder / "labels" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
