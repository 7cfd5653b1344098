"""Read a dataset's csv file line by line, compressed or not; a broken line harms only itself."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from cnn.errors import InputError

_LONGEST_LINE = 1 << 20
"""Bytes; a FER2013 row has about 9,000. A longer line means another kind of file, which must not fill the memory."""

FIELDS_RULE = "row must have as many fields as the header"

_OPENERS: dict[str, Callable[[Path], Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
_MACOS = re.compile(r"(^|/)(__MACOSX/|\._)")
_READ_ERRORS = (
    *(OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, tarfile.TarError),
    *(RuntimeError, ValueError),  # zipfile's, for what is encrypted, compressed in unknown ways, or badly named
)


@dataclass(frozen=True)
class CsvRow:
    """One row: its `line` in the file (the first is 1) and the wanted columns' values, without outer spaces.

    `values` is None where the row has not as many fields as the header; `fields` says how many it has.
    """

    line: int
    values: tuple[str, ...] | None
    fields: int


def csv_rows(path: Path, columns: tuple[str, ...], default_header: tuple[str, ...] | None = None) -> Iterator[CsvRow]:
    """Yield the rows of a csv file whose every row is one line; empty lines are no rows.

    Parameters
    ----------
    path
        Plain, or compressed as its name says: ``.xz``, ``.gz``, ``.bz2``, or ``.zip`` or ``.tar.gz`` with a single
        csv in it.
    columns
        The wanted columns by name, in the order of `CsvRow.values`. Spaces around a name and a byte order mark are
        ignored, as are other columns and their order.
    default_header
        The names to use when the first line has as many fields as these and none of them is a name: some
        copies of a dataset lack the header.

    Raises
    ------
    InputError
        The file cannot be read to its end, is empty, or lacks one of the columns.
    """
    lines = _numbered_lines(path)
    number, first = next(lines, (0, ""))
    if not number:
        raise InputError(f"{path}: is empty. It must begin with the header {','.join(columns)}.")
    header = _fields(first)
    if default_header and len(header) == len(default_header) and not set(header) & set(default_header):
        yield _row(number, header, _positions(path, number, list(default_header), columns), len(default_header))
        header = list(default_header)
    positions = _positions(path, number, header, columns)
    for number, line in lines:
        yield _row(number, _fields(line), positions, len(header))


def _positions(path: Path, line: int, header: list[str], columns: tuple[str, ...]) -> list[int]:
    missing = [name for name in columns if name not in header]
    if missing:
        found = ",".join(header)[:200]
        raise InputError(
            f"{path}:{line}: the header must name the columns {', '.join(columns)}; {', '.join(missing)} not found. "
            f"Got {found!r}. Give the dataset's own file."
        )
    return [header.index(name) for name in columns]


def _row(line: int, fields: list[str], positions: list[int], width: int) -> CsvRow:
    values = tuple(fields[position] for position in positions) if len(fields) == width else None
    return CsvRow(line, values, len(fields))


def _fields(line: str) -> list[str]:
    if '"' not in line:
        return [field.strip() for field in line.split(",")]
    try:  # line by line, as the csv module would take a quote that never ends for the rest of the file
        return [field.strip() for field in next(csv.reader([line]))]
    except csv.Error:
        return []


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    with _opened(path) as stream:
        for number, raw in enumerate(iter(partial(_read_line, path, stream), b""), start=1):
            if len(raw) > _LONGEST_LINE:
                raise InputError(
                    f"{path}:{number}: a line must have at most {_LONGEST_LINE} bytes. Is this a csv file?"
                )
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").strip()
            if text:
                yield number, text


def _read_line(path: Path, stream: IO[bytes]) -> bytes:
    try:
        return stream.readline(_LONGEST_LINE + 1)
    except _READ_ERRORS as error:
        raise InputError(f"{path}: cannot be read to its end: {error}. Download it again.") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(_open(path, stack))
        except _READ_ERRORS as error:
            raise InputError(
                f"{path}: cannot be opened: {error}. Give a csv file, or one as .xz, .gz, .bz2, .zip or .tar.gz."
            ) from error
        yield stream


def _open(path: Path, stack: ExitStack) -> IO[bytes]:
    suffix = path.suffix.lower()
    if path.name.lower().endswith(_TARS):
        tar = stack.enter_context(tarfile.open(path))  # noqa: SIM115  (the stack closes it)
        members = {member.name: member for member in tar if member.isfile()}
        stream = tar.extractfile(members[_only_csv(path, list(members))])
        if stream is None:
            raise OSError("its csv is no file")
        return stream
    if suffix in _OPENERS:
        return _OPENERS[suffix](path)
    if suffix != ".zip":
        return path.open("rb")
    archive = stack.enter_context(zipfile.ZipFile(path))
    return archive.open(_only_csv(path, archive.namelist()))


def _only_csv(path: Path, names: list[str]) -> str:
    """The one csv in an archive, without those that macOS adds beside each file."""
    found = [name for name in names if name.lower().endswith(".csv") and not _MACOS.search(name)]
    if len(found) != 1:
        raise InputError(f"{path}: must hold exactly one csv file. Got {len(found)}. Unpack it and name the file.")
    return found[0]
