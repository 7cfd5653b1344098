"""What a dataset's reader is, the decorator that enters it, and the rules that are no fault of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn.datasets.table import NOT_FIVE, LabelledFaces
from runs.parameters import ParameterError, Parameters
from runs.progress import Report, silent

NO_MAJORITY = "no majority among the votes"
NO_PICTURE_NAME = "FER+ names no picture: not a face"
UNLABELLED = "sequence must have a label"
NOT_ASKED_FOR = "frame is none of those asked for"

EXCLUSIONS: frozenset[str] = frozenset({NOT_FIVE, NO_MAJORITY, NO_PICTURE_NAME, UNLABELLED, NOT_ASKED_FOR})
"""The rules that leave out sound rows, as the dataset's authors or our five classes mean it; all others are faults."""

READERS: dict[str, Reader] = {}
"""Every reader by its name; `cnn.datasets.registry` fills it."""


@dataclass(frozen=True)
class Reader:
    """One dataset that can be read.

    Attributes
    ----------
    name
        The key in `READERS` and the `source` of its faces.
    help
        One line: what to give as `path`.
    licence
        Who owns the dataset, and on what terms, as they state it.
    splits
        The values of `official_split` in its table, each with the split that its authors mean: train, validation or
        test. An empty one means that there is no official split.
    function
        ``function(path, scratch, report)``, and ``params=...`` where there are `params`.
    params
        Its parameters' class, all with defaults; None where it has none.
    """

    name: str
    help: str
    licence: str
    splits: dict[str, str]
    function: Callable[..., LabelledFaces]
    params: type[Parameters] | None = None

    def read(
        self, path: Path, scratch: Path, report: Report = silent, params: Parameters | None = None
    ) -> LabelledFaces:
        """Read the dataset at `path`; its pixels go to a file in the folder `scratch`, which must outlive the result.

        Raises
        ------
        InputError
            The dataset is missing or breaks its format as a whole.
        ParameterError
            `params` are not this reader's.
        """
        if params is None:
            return self.function(path, scratch, report)
        if self.params is None or not isinstance(params, self.params):
            wanted = self.params.__name__ if self.params else "no parameters"
            raise ParameterError(f"`params` of the dataset {self.name} must be {wanted}. Got {type(params).__name__}.")
        return self.function(path, scratch, report, params=params)


def reader(
    name: str, *, help: str, licence: str, splits: dict[str, str], params: type[Parameters] | None = None
) -> Callable[[Callable[..., LabelledFaces]], Any]:
    """Enter the decorated function under `name`; see `Reader`.

    Raises
    ------
    ValueError
        The name is taken.
    """

    def enter(function: Callable[..., LabelledFaces]) -> Callable[..., LabelledFaces]:
        if name in READERS:
            raise ValueError(f"A reader called {name!r} is entered already. Choose another name.")
        READERS[name] = Reader(name, help, licence, splits, function, params)
        return function

    return enter
