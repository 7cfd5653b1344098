"""Find OpenCV 3.4's two programs, and say their arguments in Python spelling.

`is_installed` and `find` ask whether a program is there; `command` makes the argument list that `process.stream`
runs. `opencv_traincascade` ignores flags it does not know, so a wrong name is an error here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from cascade.errors import InputError, ToolMissingError

VERSION = "3.4.18"
CREATESAMPLES = "opencv_createsamples"
TRAINCASCADE = "opencv_traincascade"
NAMES = (CREATESAMPLES, TRAINCASCADE)
ENVIRONMENT = "FACEFOUNDRY_OPENCV_BIN"
"""The environment variable that names a folder holding the programs."""
REMEDY = "Run `facefoundry tools install`."
RECORD = "provenance.json"
"""The file beside `bin/` in which an installation says where it comes from."""


@dataclass(frozen=True)
class Option:
    """One flag of a program: its spelling, the type its value must have, and the values allowed (empty: all)."""

    flag: str
    kind: type
    choices: tuple[str, ...] = ()


Table = Mapping[str, Option]

CREATESAMPLES_OPTIONS: Table = {
    "info": Option("-info", Path),
    "vec": Option("-vec", Path),
    "num": Option("-num", int),
    "width": Option("-w", int),
    "height": Option("-h", int),
}
"""The flags of `opencv_createsamples` that count in its `-info` mode (in that mode it ignores all others)."""

OVERLAY_OPTIONS: Table = {
    **CREATESAMPLES_OPTIONS,
    "img": Option("-img", Path),
    "bg": Option("-bg", Path),
    "bgcolor": Option("-bgcolor", int),
    "bgthresh": Option("-bgthresh", int),
    "inv": Option("-inv", bool),
    "randinv": Option("-randinv", bool),
    "maxidev": Option("-maxidev", int),
    "maxxangle": Option("-maxxangle", float),
    "maxyangle": Option("-maxyangle", float),
    "maxzangle": Option("-maxzangle", float),
    "maxscale": Option("-maxscale", float),
    "seed": Option("-rngseed", int),
    "show": Option("-show", bool),
}
"""Those flags and the ones that count in its `-img` mode, which lays one picture on backgrounds."""

TRAINCASCADE_OPTIONS: Table = {
    "data": Option("-data", Path),
    "vec": Option("-vec", Path),
    "bg": Option("-bg", Path),
    "num_pos": Option("-numPos", int),
    "num_neg": Option("-numNeg", int),
    "num_stages": Option("-numStages", int),
    "precalc_val_buf_size": Option("-precalcValBufSize", int),
    "precalc_idx_buf_size": Option("-precalcIdxBufSize", int),
    "base_format_save": Option("-baseFormatSave", bool),
    "num_threads": Option("-numThreads", int),
    "acceptance_ratio_break_value": Option("-acceptanceRatioBreakValue", float),
    "stage_type": Option("-stageType", str, ("BOOST",)),
    # HOG trains, but no OpenCV since 3.0 can detect with such a cascade.
    "feature_type": Option("-featureType", str, ("HAAR", "LBP")),
    "width": Option("-w", int),
    "height": Option("-h", int),
    "boost_type": Option("-bt", str, ("DAB", "RAB", "LB", "GAB")),
    "min_hit_rate": Option("-minHitRate", float),
    "max_false_alarm_rate": Option("-maxFalseAlarmRate", float),
    "weight_trim_rate": Option("-weightTrimRate", float),
    "max_depth": Option("-maxDepth", int),
    "max_weak_count": Option("-maxWeakCount", int),
    "mode": Option("-mode", str, ("BASIC", "CORE", "ALL")),
}
"""Every flag of `opencv_traincascade` 3.4. Buffer sizes are in MB; `mode` counts for HAAR only."""

TABLES: Mapping[str, Table] = {CREATESAMPLES: CREATESAMPLES_OPTIONS, TRAINCASCADE: TRAINCASCADE_OPTIONS}


def arguments(table: Table, values: Mapping[str, object]) -> list[str]:
    """Return the command-line arguments for `values`, in the table's order.

    None leaves the program its default; a bool option is its bare flag when true and nothing when false.

    Raises
    ------
    InputError
        A name is not in the table, or a value is not of the option's type or not among its choices.

    Examples
    --------
    >>> arguments(TRAINCASCADE_OPTIONS, {"num_pos": 900, "base_format_save": True, "mode": None})
    ['-numPos', '900', '-baseFormatSave']
    """
    unknown = sorted(set(values) - set(table))
    if unknown:
        raise InputError(f"`{unknown[0]}` is not an option of this program. It takes: {', '.join(table)}.")
    said: list[str] = []
    for name, option in table.items():
        if values.get(name) is not None:
            said += _flag(name, option, values[name])
    return said


def command(name: str, values: Mapping[str, object]) -> list[str]:
    """Return the whole argument list that runs the program `name` with `values`; see `find` and `arguments`."""
    return [str(find(name)), *arguments(TABLES[name], values)]


def find(name: str) -> Path:
    """Return the path of a program: from `FACEFOUNDRY_OPENCV_BIN`, else from PATH, else from the user's cache.

    Raises
    ------
    ToolMissingError
        It is nowhere; or the variable is set and its folder does not hold it (then nothing else is tried, as the
        variable is somebody's clear wish).
    """
    wished = os.environ.get(ENVIRONMENT)
    if wished:
        found = _in_folder(Path(wished).expanduser(), name)
        if found is None:
            raise ToolMissingError(
                f"`{ENVIRONMENT}` is `{wished}`, which holds no program `{name}`. Correct or unset it."
            )
        return found
    on_path = shutil.which(name)
    found = Path(on_path).absolute() if on_path else _in_folder(cache_folder() / "bin", name)
    if found is None:
        raise ToolMissingError(
            f"`{name}` (OpenCV {VERSION}) is not on PATH nor in `{cache_folder() / 'bin'}`. {REMEDY}"
        )
    return found


def is_installed() -> bool:
    """Tell whether both programs can be found."""
    try:
        return all(find(name) for name in NAMES)
    except ToolMissingError:
        return False


def cache_folder() -> Path:
    """Return the folder of our own installation, there or not; the programs are in its `bin/`."""
    return user_cache_path("facefoundry") / f"opencv-{VERSION}"


def provenance(name: str) -> dict[str, str]:
    """Return where a program comes from, for a run's record: `path`, `sha256`, and `source` when we built it."""
    path = find(name)
    described = {"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    record = path.parent.parent / RECORD
    if record.is_file():
        described["source"] = str(json.loads(record.read_text("utf-8"))["source"])
    return described


def _in_folder(folder: Path, name: str) -> Path | None:
    path = (folder / name).absolute()
    return path if path.is_file() and os.access(path, os.X_OK) else None


def _flag(name: str, option: Option, value: object) -> list[str]:
    if option.kind is bool:
        return [option.flag] if _checked(name, bool, value) else []
    value = _checked(name, option.kind, value)
    if option.choices and value not in option.choices:
        raise InputError(f"`{name}` must be one of {', '.join(option.choices)}. Got {value!r}.{_why_not(value)}")
    return [option.flag, str(value)]


def _checked(name: str, kind: type, value: object) -> object:
    """Return `value`, of type `kind`; an int does for a float and a str for a path, a bool for neither number."""
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"`{name}` must be of type {kind.__name__}. Got {value!r}.")
    return value


def _why_not(value: object) -> str:
    return " No OpenCV since 3.0 can detect with a HOG cascade." if value == "HOG" else ""
