"""The large MPI facial expression database, central camera: ten actors, 51 expressions, a sequence of frames each.

References
----------
Kaulard et al., "The MPI facial expression database - a validated database of emotional and conversational facial
expressions", 2012.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Gt, Le

from cnn.datasets.face_boxes import add_faces
from cnn.datasets.picture_files import existing_folder, folders_in, pictures_in, relative
from cnn.datasets.pictures import PictureFace
from cnn.datasets.reader import NOT_ASKED_FOR, reader
from cnn.datasets.table import NOT_FIVE, NOT_FIVE_REMEDY, FaceWriter, LabelledFaces
from cnn.errors import InputError
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip

ACTORS = frozenset(("islf", "kabf", "lekf", "milf", "silf", "cawm", "chsm", "jakm", "juhm", "mamm"))
"""The codes that a picture's name begins with."""

CLEAR: dict[str, str] = {
    "happy_achievement": "Happy",
    "happy_laughing": "Happy",
    "happy_satiated": "Happy",
    "happy_schadenfreude": "Happy",
    "sad": "Sad",
}
"""The expressions that are one of the five classes by their name."""

NEAR: dict[str, str] = {
    "smiling_encouraging": "Happy",
    "smiling_endearment": "Happy",
    "smiling_flirting": "Happy",
    "smiling_triumphant": "Happy",
    "smiling_winning": "Happy",
    "annoyed_bothered": "Angry",
}
"""Expressions that look like one of the five: smiles without a second meaning, and anger of the weaker kind."""

OTHERS: tuple[str, ...] = (
    *("agree_considered", "agree_continue", "agree_pure", "agree_reluctant", "aha-light_bulb_moment"),
    *("annoyed_rolling-eyes", "arrogant", "bored", "compassion", "confused", "contempt", "disagree_considered"),
    *("disagree_pure", "disagree_reluctant", "disbelief", "disgust", "embarrassment", "fear_oops", "fear_terror"),
    *("i_did_not_hear", "i_dont_care", "i_dont_know", "i_dont_understand", "imagine_negative", "imagine_positive"),
    *("impressed", "insecurity", "not_convinced", "pain_felt", "pain_seen", "remember_negative", "remember_positive"),
    *("smiling_sad-nostalgia", "smiling_sardonic", "smiling_uncertain", "smiling_yeah-right"),
    *("thinking_considering", "thinking_problem-solving", "tired", "treudoof_bambi-eyes"),
)
"""The other 40 of the 51 expressions: none of the five."""

EXPRESSIONS: tuple[str, ...] = tuple(sorted((*CLEAR, *NEAR, *OTHERS)))
"""The folders' names in lower case; a picture's number in here is its own label."""

_NAME = re.compile(r"(?P<actor>[a-z]{4})_(?P<expression>.+)_(?P<frame>\d{1,6})")
_NAME_RULE = "picture must be called <actor>_<its folder>_<number>"


@dataclass(frozen=True, kw_only=True)
class MpiParams(Parameters):
    """Which expressions and frames are taken, and what of them."""

    expressions: Literal["clear", "near"] = "clear"
    """clear: the four folders happy_* and sad; near: also five of the smiles as Happy and annoyed_bothered as Angry.
    No folder is plainly Surprise or Neutral."""

    middle_share: Annotated[float, Gt(0), Le(1)] = 0.5
    """The share of an actor's frames that is taken, from the middle: an expression is acted from a resting face and
    back to it, so that the outer frames do not show it. 1: all."""

    face_box: Literal["detect", "whole"] = "detect"
    """Where the face is in the picture. detect: dlib's detector of frontal faces; whole: the pictures are faces cut
    out already."""


@reader(
    "mpi",
    help="The folder with the central camera's 51 expression folders.",
    licence="MPI facial expression database, Max Planck Institute for Biological Cybernetics: for research.",
    splits={},
    params=MpiParams,
)
def read_mpi(mpi: Path, scratch: Path, report: Report = silent, *, params: MpiParams = MpiParams()) -> LabelledFaces:
    """Read the frames of the expressions that are one of the five classes; all others are skipped and counted.

    Parameters
    ----------
    mpi
        The folder with ``<expression>/<actor>_<expression>_NNN.png``; the case of the folders' names does not matter.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The folder is missing, or none of the database's folders is in it.
    """
    folders = folders_in(existing_folder(mpi, "mpi"))
    if not any(_plain(folder.name) in EXPRESSIONS for folder in folders):
        raise InputError(
            f"`mpi`: {mpi} holds none of the 51 folders, such as happy_laughing. Give the folder of these."
        )
    report(Progress(f"found {len(folders)} expressions of MPI"))
    table = CLEAR if params.expressions == "clear" else CLEAR | NEAR
    with FaceWriter(scratch / "mpi.pixels", "mpi") as writer:
        faces = [face for folder in folders for face in _faces(folder, table, writer, params.middle_share)]
        add_faces(writer, faces, find=params.face_box == "detect", report=report)
        return writer.faces()


def _faces(folder: Path, table: dict[str, str], writer: FaceWriter, middle_share: float) -> Iterator[PictureFace]:
    label = _plain(folder.name)
    pictures = pictures_in(folder)
    if label not in EXPRESSIONS:
        rule, remedy = "folder must be one of the 51 expressions", "Correct its name, or remove it."
        writer.skips.extend(Skip(str(path), 0, rule, folder.name, remedy) for path in pictures)
    elif label not in table:
        writer.skips.extend(Skip(str(path), 0, NOT_FIVE, label, NOT_FIVE_REMEDY) for path in pictures)
    else:
        for actor, frames in _by_actor(label, pictures, writer).items():
            for path in _middle(frames, middle_share, writer):
                values = {"official_split": "", "own_label": EXPRESSIONS.index(label), "subject": actor}
                yield PictureFace(path, relative(path, folder.parent), 0, table[label], None, values)


def _by_actor(label: str, pictures: list[Path], writer: FaceWriter) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in pictures:
        name = _NAME.fullmatch(_plain(path.stem))
        if name is None or name["expression"] != label or name["actor"] not in ACTORS:
            writer.skip(path, 0, _NAME_RULE, path.name, "Correct its name, or remove it.")
        else:
            found[name["actor"]].append(path)
    return found


def _plain(name: str) -> str:
    """In lower case, with the one spelling of ``I_do_not_know`` and its like."""
    return name.lower().replace("do_not", "dont")


def _middle(frames: list[Path], share: float, writer: FaceWriter) -> list[Path]:
    count = max(1, round(len(frames) * share))
    start = (len(frames) - count) // 2
    for path in frames[:start] + frames[start + count :]:
        writer.skip(path, 0, NOT_ASKED_FOR, path.name, "Nothing to do, or raise `middle_share`.")
    return frames[start : start + count]
