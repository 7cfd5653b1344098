"""Chunks of faces made from pictures, kept on disk by what they were made from: no run decodes them again.

A chunk is one file, named by a digest of its pictures' paths, sizes, times of change and boxes, so that a picture that
changes is read anew. It holds the digest of its own bytes: one that a killed or crashed run left half written is no
chunk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import cv2

from cnn.datasets.table import PIXELS

_VERSION = f"1 {PIXELS} {cv2.__version__}"
"""What else the pixels depend on: raise the first number when `cnn.preprocess` gives other pixels."""

_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Face:
    """A picture's face: its 2304 bytes and the SHA-256 of the picture file."""

    pixels: bytes
    original_sha256: str


@dataclass(frozen=True)
class Fault:
    """Why a picture gives no face: the rule it breaks and what broke it."""

    rule: str
    value: str


@dataclass(frozen=True)
class Chunk:
    """The outcome for each picture of a chunk, in order; `kept` tells that an earlier run made it."""

    found: list[Face | Fault]
    kept: bool = False


def chunk_key(parts: Sequence[str]) -> str:
    """A file name for the chunk made from what `parts` say, one a picture."""
    return hashlib.sha256("\n".join([_VERSION, *parts]).encode(errors="surrogatepass")).hexdigest()


def load_chunk(path: Path) -> Chunk | None:
    """What `save_chunk` wrote to `path`; None where nothing is, or not the whole of it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        return None
    line, _, pixels = data[_DIGEST:].partition(b"\n")
    found: list[Face | Fault] = []
    place = 0
    for record in json.loads(line):
        if len(record) == 2:
            found.append(Fault(*record))
        else:
            found.append(Face(pixels[place : place + PIXELS], *record))
            place += PIXELS
    return Chunk(found, kept=True)


def save_chunk(path: Path, chunk: Chunk) -> None:
    """Write a chunk, seen whole or not at all by other processes.

    It is not forced to the disk, which would cost more than making it again: `load_chunk` sees whether it arrived.
    """
    records = [[one.rule, one.value] if isinstance(one, Fault) else [one.original_sha256] for one in chunk.found]
    pixels = b"".join(one.pixels for one in chunk.found if isinstance(one, Face))
    data = json.dumps(records).encode() + b"\n" + pixels
    beside = path.with_suffix(f".{uuid4().hex}")  # two threads, or machines, may read the same pictures
    beside.write_bytes(hashlib.sha256(data).digest() + data)
    os.replace(beside, path)
