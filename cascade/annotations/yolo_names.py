"""The names of YOLO's classes: ``classes.txt``, one a line, or the list or table ``names`` of ``data.yaml``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cascade.errors import InputError
from runs.files import write_text

CLASSES = "classes.txt"
_YAMLS = ("data.yaml", "data.yml", "dataset.yaml")
_MAX_BYTES = 1024 * 1024
_MAX_CLASSES = 100_000


def read_names(folders: Sequence[Path]) -> list[str] | None:
    """The names by class number, from the first list in `folders`; None where there is none.

    Raises
    ------
    InputError
        The list cannot be read, is larger than 1 MiB, or is broken.
    """
    for folder in folders:
        for name in (CLASSES, *_YAMLS):
            path = folder / name
            if path.is_file():
                return _lines(path) if name == CLASSES else _from_yaml(path)
    return None


def write_names(folder: Path, names: Sequence[str]) -> None:
    """Write both lists.

    Raises
    ------
    InputError
        A name holds a line end or outer space, or is not Unicode, which the lists cannot carry.
    """
    for name in names:
        if name != name.strip() or len(name.splitlines()) > 1 or not name.isprintable():
            raise InputError(
                f"YOLO's {CLASSES} cannot carry the label {name!r}. Rename it: no line ends, no outer space."
            )
    write_text(folder / CLASSES, "".join(f"{name}\n" for name in names))
    table = "".join(f"  {number}: {json.dumps(name)}\n" for number, name in enumerate(names))
    write_text(
        folder / "data.yaml", f"path: .\ntrain: images\nval: images\nnames:{' {}' if not names else ''}\n{table}"
    )


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in _text(path).rstrip().split("\n")]


def _from_yaml(path: Path) -> list[str]:
    import yaml

    try:
        data = yaml.safe_load(_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path} is not whole YAML ({str(error)[:200]}). Mend it.") from None
    names = data.get("names") if isinstance(data, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(_is_class(key) for key in names):
        raise InputError(f"{path} needs `names`: a list, or a table from number to name. Got {str(names)[:80]}.")
    return [str(names.get(number, number)).strip() for number in range(max(names, default=-1) + 1)]


def _is_class(key: Any) -> bool:
    return isinstance(key, int) and not isinstance(key, bool) and 0 <= key < _MAX_CLASSES


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise InputError(f"{path} is larger than {_MAX_BYTES // 1024} KiB. Give a list of class names.")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error.reason}). Save it as UTF-8.") from None
