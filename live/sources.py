"""What to watch, from the word that a person gives: a camera's number, a file, a folder, an address."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from cascade.pictures import SUFFIXES as PICTURES
from live.cameras import Camera
from live.errors import SourceError
from live.films import SUFFIXES as FILMS
from live.films import Film
from live.frames import Source
from live.pictures import Pictures

_SCHEMES = ("rtsp", "rtsps", "http", "https")


def open_source(address: str | Path, *, patience: float = 5.0) -> Source:
    """Open what `address` means.

    Parameters
    ----------
    address
        A number, or ``/dev/video`` and a number: that camera. ``rtsp://`` or ``http://``: a network camera, or a film
        where its path ends as one. A folder, or a file with a picture's ending: stills. Any other file: a film.
    patience
        Seconds for which a camera that is lost is tried again.

    Raises
    ------
    SourceError
        There is no such thing, or it cannot be read.
    """
    text = str(address)
    if match := re.fullmatch(r"(?:/dev/video)?(\d{1,3})", text):
        return Camera(int(match[1]), f"camera {int(match[1])}", patience=patience)
    if match := re.match(r"(\w+)://", text):
        return _remote(text, match[1].lower(), patience)
    path = Path(address)
    if path.is_dir() or path.suffix.lower() in PICTURES:
        return Pictures(path)
    return Film(path)


def without_password(address: str) -> str:
    """An address fit for a screen, a file or a log.

    >>> without_password("rtsp://me:secret@10.0.0.7:554/stream?token=x")
    'rtsp://10.0.0.7:554/stream'
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _remote(address: str, scheme: str, patience: float) -> Source:
    name = without_password(address)
    if scheme not in _SCHEMES:
        raise SourceError(f"An address must begin with {':// or '.join(_SCHEMES)}://. Got {name}.")
    if Path(urlsplit(address).path).suffix.lower() in FILMS and not scheme.startswith("rtsp"):
        return Film(address, name)
    return Camera(address, name, patience=patience)
