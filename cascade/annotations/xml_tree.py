"""XML with line numbers, read with care: size and depth are bounded; document types, and so entities, are refused.

Not `cascade.model.xml_storage`, which reads OpenCV's storage: annotations need the line of every broken element.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from cascade.errors import InputError

MAX_BYTES = 256 * 1024 * 1024
"""A larger file is refused."""

_MAX_DEPTH = 64
_CHUNK = 1024 * 1024
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Element(ElementTree.Element):
    """An element that knows its line."""

    line: int = 0


def read_tree(path: Path, without: Set[str] = frozenset()) -> Element:
    """The root of the file's XML.

    Parameters
    ----------
    without
        Elements of these names are read over, with all that is in them.

    Raises
    ------
    InputError
        The file cannot be read, is larger than `MAX_BYTES`, is not whole XML, is nested deeper than 64 elements, or
        declares a document type (and so could hold entities).
    """
    tree = _Tree(path, without)
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MiB. Split it.")
            while chunk := stream.read(_CHUNK):
                tree.parser.Parse(chunk, False)
        tree.parser.Parse(b"", True)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Give an XML file that exists.") from error
    except expat.ExpatError as error:
        raise InputError(f"{path}:{error.lineno}: not whole XML ({expat.ErrorString(error.code)}). Mend it.") from None
    except (ValueError, LookupError) as error:
        raise InputError(f"{path}: its XML does not parse ({error}). Save it as UTF-8.") from None
    return tree.root


def root_name(path: Path) -> str:
    """The name of the root element, found in the file's first bytes; empty where that is no XML."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        return ""
    found = re.search(rb"<([A-Za-z_][\w.-]*)", head)
    return found[1].decode() if found and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else ""


def as_bytes(root: ElementTree.Element) -> bytes:
    """The tree as the bytes of an indented file, in UTF-8."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def add(parent: ElementTree.Element, name: str, value: object) -> None:
    """Add a child that holds the value as text."""
    ElementTree.SubElement(parent, name).text = str(value)


def fits(text: str) -> bool:
    """Whether XML carries the text unchanged: no control characters, nothing that is not Unicode, no outer space."""
    return text == text.strip() and not _UNFIT.search(text)


def children(element: ElementTree.Element, name: str) -> Iterator[Element]:
    """The children of that name."""
    for child in element.iterfind(name):
        assert isinstance(child, Element)
        yield child


def text_of(element: ElementTree.Element, name: str) -> str:
    """The text of the child of that name without the space around it; empty where there is no such child."""
    return (element.findtext(name) or "").strip()


class _Tree:
    """Builds the elements while the parser runs."""

    def __init__(self, path: Path, without: Set[str]) -> None:
        self._path, self._without = path, without
        self._builder = ElementTree.TreeBuilder(element_factory=Element)
        self._depth = self._skipping = 0
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._doctype

    @property
    def root(self) -> Element:
        root = self._builder.close()
        assert isinstance(root, Element)
        return root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InputError(f"{self._path}:{self.parser.CurrentLineNumber}: nested deeper than {_MAX_DEPTH} elements.")
        if self._skipping or name in self._without:
            self._skipping = self._skipping or self._depth
            return
        element = self._builder.start(name, attributes)
        assert isinstance(element, Element)
        element.line = self.parser.CurrentLineNumber

    def _end(self, name: str) -> None:
        if not self._skipping:
            self._builder.end(name)
        elif self._skipping == self._depth:
            self._skipping = 0
        self._depth -= 1

    def _data(self, text: str) -> None:
        if not self._skipping:
            self._builder.data(text)

    def _doctype(self, name: str, *_: object) -> None:
        raise InputError(f"{self._path} declares the document type `{name}`, which no annotation needs. Remove it.")
