"""Save a network so that the same network is the same file: Keras writes the time of day into it, twice."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_METADATA = "metadata.json"
_NO_DATE = "1980-01-01@00:00:00"
_ALWAYS = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive knows


def save_model(model: keras.Model, path: Path) -> None:
    """Write `model` in Keras's format to `path`, without the time: equal networks give equal bytes.

    Parameters
    ----------
    path
        Ends in ``.keras``; overwritten. For a file that is whole or not there, pass `runs.files.replacing_file`'s.
    """
    timed = path.with_name(f"{path.stem}.timed.keras")
    try:
        model.save(timed)
        _without_time(timed, path)
    finally:
        timed.unlink(missing_ok=True)


def _without_time(timed: Path, path: Path) -> None:
    """Copy the archive, each member with the same date, and a constant one for the date of saving."""
    with zipfile.ZipFile(timed) as source, zipfile.ZipFile(path, "w") as target:
        for name in sorted(source.namelist()):
            member = zipfile.ZipInfo(name, _ALWAYS)
            if name == _METADATA:
                metadata = {**json.loads(source.read(name)), "date_saved": _NO_DATE}
                target.writestr(member, json.dumps(metadata, sort_keys=True))
            else:
                with source.open(name) as old, target.open(member, "w", force_zip64=True) as new:
                    shutil.copyfileobj(old, new)
