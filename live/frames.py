"""What every source gives, and what it says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NO_FILE = "{}: no such file. Give a film, picture, folder, camera's number or address."

Kind = Literal["pictures", "film", "camera"]


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Attributes
    ----------
    image
        (height, width, 3) uint8: blue, green, red.
    number
        0, 1, 2, ... among those the source had; a camera's have gaps where the reader was slower.
    seconds
        Since the source began, by the film's own clock or when the camera's picture came; None for a still.
    name
        The file, or the source's name.
    """

    image: NDArray[np.uint8]
    number: int
    seconds: float | None
    name: str


@dataclass
class Source(ABC):
    """Something to watch.

    Attributes
    ----------
    name
        For people: a path, a camera's number, an address without its password.
    kind
        ``"pictures"`` (stills that know nothing of each other), ``"film"`` (every frame is given) or ``"camera"``
        (always the newest; those that come while nobody reads are left out).
    frame_rate
        Frames a second, as the source says; None where it does not.
    total
        How many frames there should be; None where nobody knows.
    ended
        There are no more frames.
    failed
        It ended although it should not have: a camera that was unplugged, a film without a single frame.
    notes
        What was wrong on the way, a sentence each.
    """

    name: str
    kind: Kind
    frame_rate: float | None = None
    total: int | None = None
    ended: bool = False
    failed: bool = False
    notes: list[str] = field(default_factory=list)

    @abstractmethod
    def read(self, timeout: float) -> Frame | None:
        """The next frame, or None when none came within `timeout` seconds or `ended`."""

    def close(self) -> None:  # noqa: B027 (a source without a device has nothing to close)
        """Let go of files, devices and connections. Twice is as good as once."""
