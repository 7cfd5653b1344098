"""Several cascades side by side on the same scenes: one page, one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from cascade.detect import Detector
from cascade.errors import InputError
from cascade.score.comparison_page import CascadeRow, render_comparison, row_of
from cascade.score.files import require_own, write_rows
from cascade.score.params import EvaluateCascadeParams
from cascade.score.result import BUDGETS, measure
from cascade.score.scenes import read_scenes
from runs.files import replacing_folder, write_json, write_text
from runs.progress import Report, silent
from runs.skips import Skip, write_skips

__all__ = ["BUDGETS", "OUTPUTS", "STOCK", "Comparison", "compare_cascades", "parse_cascade", "stock_cascades"]

OUTPUTS = ("comparison.html", "comparison.csv", "comparison.json", "skipped.csv")
"""The files of a comparison; a folder that holds anything else is never replaced by one."""

STOCK = ("frontalface_alt2", "frontalface_default", "frontalface_alt")
"""OpenCV's own frontal face cascades, ``haarcascade_<name>.xml``."""


@dataclass(frozen=True)
class Comparison:
    """What `compare_cascades` found: one row a cascade, in the order given, and the folder with the files."""

    out: Path
    scenes: int
    faces: int
    rows: tuple[CascadeRow, ...]


def compare_cascades(
    cascades: Sequence[tuple[str, Path]],
    scenes: Path,
    out: Path,
    params: EvaluateCascadeParams = EvaluateCascadeParams(),
    *,
    report: Report = silent,
) -> Comparison:
    """Measure several cascades on the same scenes, searched in the same way.

    Parameters
    ----------
    cascades
        Names and files; at least one, each name once.
    scenes
        Annotations in any format, as for `cascade.evaluate.evaluate_cascade`.
    out
        A folder that is written whole or not at all: ``comparison.html``, ``comparison.csv``, ``comparison.json``,
        ``skipped.csv``.

    Raises
    ------
    InputError
        A cascade or the annotations cannot be read, no scene is left, two cascades have one name, or `out` holds files
        that no comparison wrote.
    """
    names = [name for name, _ in cascades]
    if not names or len(set(names)) < len(names):
        raise InputError(f"`cascades` must be at least one, each with a name of its own (`name=path`). Got {names}.")
    require_own(out, OUTPUTS)
    for _, path in cascades:  # all, before the first is measured for a minute
        Detector(path)
    problems: list[Skip] = []
    annotations = read_scenes(scenes, params, problems)
    measured = [measure(name, path, scenes, annotations, params, problems, report) for name, path in cascades]
    problems = list(dict.fromkeys(problems))
    rows = tuple(row_of(one) for one in measured)
    page = render_comparison(measured, rows, scenes, params, problems)
    with replacing_folder(out) as beside:
        write_text(beside / "comparison.html", page)
        write_rows(beside / "comparison.csv", list(rows[0].flat()), (row.flat() for row in rows))
        write_json(beside / "comparison.json", [row.flat() for row in rows])
        write_skips(beside / "skipped.csv", problems)
    found = measured[0].searched.matched
    return Comparison(out, len(found), sum(len(scene.truth) for scene in found), rows)


def parse_cascade(text: str) -> tuple[str, Path]:
    """``name=path``, or a path, which is named by its file, or by its folder where that is ``cascade.xml``.

    Examples
    --------
    >>> parse_cascade("ours=work/cascade.xml")
    ('ours', PosixPath('work/cascade.xml'))
    >>> parse_cascade("work/second/cascade.xml")[0]
    'second'
    """
    name, sign, path = text.partition("=")
    if sign and name and path and "/" not in name:
        return name, Path(path)
    whole = Path(text)
    return (whole.parent.name if whole.stem == "cascade" and whole.parent.name else whole.stem), whole


def stock_cascades(names: Sequence[str] = STOCK) -> list[tuple[str, Path]]:
    """OpenCV's own cascades, where the installed wheel ships them.

    Raises
    ------
    InputError
        It does not; the message says which wheel does, and how to use its files here.
    """
    folder = Path(getattr(getattr(cv2, "data", None), "haarcascades", "") or "absent")
    found = [(name, folder / f"haarcascade_{name}.xml") for name in names]
    if all(path.is_file() for _, path in found):
        return found
    raise InputError(
        f"OpenCV {cv2.__version__} ships no cascades; the wheels of OpenCV 4 do. Get one without installing it: "
        "`pip download 'opencv-contrib-python-headless==4.*' --no-deps`, `unzip -j opencv_contrib*.whl "
        "'cv2/data/*.xml' -d stock`, and give the files: `alt2=stock/haarcascade_frontalface_alt2.xml`."
    )
