"""`facefoundry-traincascade` and `facefoundry-createsamples`: OpenCV's own flags, our own trainer and cutter.

For scripts written for opencv_traincascade and opencv_createsamples of OpenCV 3.4: the same flags with the same
defaults leave the same files. Unlike the originals, an unknown flag is an error, and so is a status.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from cascade.errors import InputError
from cascade.opencv.apps import OVERLAY_OPTIONS, TRAINCASCADE_OPTIONS, Option, Table
from cascade.positives.overlay import OverlayParams, overlay_samples
from cascade.positives.params import SampleParams
from cascade.samples import create_samples
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from flows.command_line import guarded, prepare
from flows.commands.terminal import progress_bar, show

_TRAIN_DEFAULTS = {"num_pos": 2000, "num_neg": 1000, "num_stages": 20, "width": 24, "height": 24}
_SAMPLE_DEFAULTS = {"num": 1000, "width": 24, "height": 24}
_WITHOUT_PICTURES = "-show needs a window. Look at the samples with `facefoundry vec sheet FILE.vec SHEET.png`."


def traincascade() -> None:
    """Run as `facefoundry-traincascade`."""
    _run("traincascade", TRAINCASCADE_OPTIONS, _train)


def createsamples() -> None:
    """Run as `facefoundry-createsamples`."""
    _run("createsamples", OVERLAY_OPTIONS, _create_samples)


def parse(table: Table, words: list[str]) -> dict[str, Any]:
    """The values that the flags of a command line give, by the names that Python uses.

    Raises
    ------
    InputError
        A flag is unknown, or its value is missing, of another type or not among the choices.

    Examples
    --------
    >>> parse(TRAINCASCADE_OPTIONS, ["-numPos", "900", "-baseFormatSave"])
    {'num_pos': 900, 'base_format_save': True}
    """
    flags = {option.flag: (name, option) for name, option in table.items()}
    values: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word not in flags:
            raise InputError(f"`{word}` is not a flag of this program. It takes: {' '.join(flags)}.")
        name, option = flags[word]
        values[name] = True if option.kind is bool else _value(option, next(rest, None))
    return values


def _value(option: Option, word: str | None) -> Any:
    if word is None:
        raise InputError(f"`{option.flag}` needs a value after it.")
    try:
        value = option.kind(word)
    except ValueError:
        raise InputError(f"`{option.flag}` must be of type {option.kind.__name__}. Got {word!r}.") from None
    if option.choices and value not in option.choices:
        why = " No OpenCV since 3.0 can detect with a HOG cascade." if value == "HOG" else ""
        raise InputError(f"`{option.flag}` must be one of {', '.join(option.choices)}. Got {word!r}.{why}")
    return value


def _run(name: str, table: Table, work: Callable[[dict[str, Any]], None]) -> None:
    prepare(os.environ)
    words = sys.argv[1:]
    if not words or words in (["--help"], ["-help"]):
        print(f"Usage: facefoundry-{name} FLAGS, those of opencv_{name}:")
        print("\n".join(f"  {_usage(option)}" for option in table.values()))
        return
    sys.exit(guarded(lambda: work(parse(table, words))))


def _usage(option: Option) -> str:
    if option.kind is bool:
        return option.flag
    return f"{option.flag} <{'|'.join(option.choices) or option.kind.__name__.lower()}>"


def _train(values: dict[str, Any]) -> None:
    vec, background, data = (_required(values, name, TRAINCASCADE_OPTIONS) for name in ("vec", "bg", "data"))
    values.pop("stage_type", None)
    params = CascadeTrainParams(trainer="native", **{**_TRAIN_DEFAULTS, **values})
    with progress_bar("traincascade") as report:
        show(train_cascade(vec, background, data, params, report=report))


def _create_samples(values: dict[str, Any]) -> None:
    if values.pop("show", False):
        raise InputError(_WITHOUT_PICTURES)
    vec = _required(values, "vec", OVERLAY_OPTIONS)
    with progress_bar("createsamples") as report:
        if "img" in values:
            picture, background = values.pop("img"), values.pop("bg", None)
            values.pop("info", None)
            show(overlay_samples(picture, background, vec, _of(OverlayParams, values), report=report))
        else:
            info = _required(values, "info", OVERLAY_OPTIONS)
            show(create_samples(info, vec, _of(SampleParams, values), report=report))


def _required(values: dict[str, Any], name: str, table: Table) -> Path:
    if name not in values:
        raise InputError(f"`{table[name].flag}` must be given.")
    return Path(values.pop(name))


def _of(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """The parameter object of those values that count in this mode; the program ignores the others too."""
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in {**_SAMPLE_DEFAULTS, **values}.items() if name in known})
