"""Watch: every frame of a source through the engine, and on to the outputs, until it ends or somebody says so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from live.drawing import Painter
from live.engine import Engine, TrackedFace
from live.frames import Frame, Source
from live.outputs import Output, Shown, save_picture
from live.window import Window

_WAIT = 0.05
"""Seconds for which a frame is waited for, until the window is asked again for its keys."""
_SLOW = 0.9
"""How much of the frame rate shown is that of the moments before."""


@dataclass
class Summary:
    """What happened.

    Attributes
    ----------
    frames
        That were shown; `left_out` are those of a camera that came while another was worked on.
    seconds
        From the first to the last, on this machine's clock.
    tracks
        Numbers of the faces.
    empty, dark
        Frames without a face, and those that show nothing at all: black, or of one colour.
    spent
        Seconds by what they went for: ``capture`` (waiting for the source), ``detect``, ``classify``, ``track``,
        ``draw`` and ``output`` (encoding and writing).
    """

    frames: int = 0
    left_out: int = 0
    seconds: float = 0.0
    tracks: set[int] = field(default_factory=set)
    empty: int = 0
    dark: int = 0
    spent: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: bool = False

    @property
    def frame_rate(self) -> float:
        """Frames a second, everything included."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0


class Show:
    """Runs a source to its end, or to `q`, or to Ctrl-C; then everything that was begun is finished.

    Parameters
    ----------
    source, engine
        What is watched, and by what. A film in a window is shown at its own speed, or slower where this machine is;
        without a window it is worked through as fast as may be.
    outputs
        They are closed here, whatever happens.
    window
        None to watch without one.
    snapshots
        The folder for pictures that are taken with the key `s`.
    """

    def __init__(
        self, source: Source, engine: Engine, outputs: Sequence[Output], window: Window | None, snapshots: Path
    ) -> None:
        self._source, self._engine, self._outputs = source, engine, outputs
        self._window, self._snapshots = window, snapshots
        self._painter, self._rate, self._quit, self._paused = Painter(), 0.0, False, False
        self._spent = {"capture": 0.0, "draw": 0.0, "output": 0.0}
        self._clock = 0.0
        self.summary = Summary()

    def run(self) -> Summary:
        """Watch; returns what happened."""
        began = time.perf_counter()
        with ExitStack() as stack:
            for output in self._outputs:
                stack.callback(self._finish, output)
            if self._window is not None:
                stack.callback(self._window.close)
            stack.callback(self._source.close)
            try:
                self._watch()
            except KeyboardInterrupt:
                self.summary.notes.append("It was ended by Ctrl-C.")
            self.summary.seconds = time.perf_counter() - began
            self.summary.notes += self._source.notes
            self.summary.failed = self._source.failed
            self.summary.spent = {**self._spent, **self._engine.spent}
        return self.summary

    def _finish(self, output: Output) -> None:
        output.close(self.summary.notes)

    def _watch(self) -> None:
        last = time.perf_counter()
        while not self._source.ended and not self._quit:
            frame = self._read()
            if frame is None:
                self._ask_keys(None)
                continue
            shown = self._look(frame)
            self._pace(frame)
            self._hand_on(shown)
            now = time.perf_counter()
            rate, last = 1 / max(1e-6, now - last), now
            self._rate = _SLOW * self._rate + (1 - _SLOW) * rate if self._rate else rate
            self._ask_keys(shown)

    def _read(self) -> Frame | None:
        began = time.perf_counter()
        frame = self._source.read(_WAIT)
        self._spent["capture"] += time.perf_counter() - began
        if frame is not None:
            self.summary.left_out = frame.number - self.summary.frames if self._source.kind == "camera" else 0
            self.summary.frames += 1
        return frame

    def _look(self, frame: Frame) -> Shown:
        faces = self._engine.step(frame.image, frame.seconds)
        dark = self._engine.dark
        self.summary.empty += not faces
        self.summary.dark += dark
        if frame.seconds is not None:
            self.summary.tracks |= {face.track for face in faces}
        return Shown(frame, faces, dark, lambda: self._paint(frame, faces, dark))

    def _paint(self, frame: Frame, faces: Sequence[TrackedFace], dark: bool) -> NDArray[np.uint8]:
        began = time.perf_counter()
        what = "a black or empty picture" if dark else f"{len(faces)} face{'s' * (len(faces) != 1)}"
        rate = f"{self._rate:.0f} frames/s  " if frame.seconds is not None and self._rate else ""
        picture = self._painter.paint(frame.image, faces, f"{rate}{what}")
        self._spent["draw"] += time.perf_counter() - began
        return picture

    def _pace(self, frame: Frame) -> None:
        """In a window a film runs at its own speed; where this machine is slower, its clock waits."""
        if self._window is None or self._source.kind != "film" or frame.seconds is None:
            return
        now = time.perf_counter()
        if self._clock == 0.0 or now > self._clock + frame.seconds:
            self._clock = now - frame.seconds
        else:
            time.sleep(min(1.0, self._clock + frame.seconds - now))

    def _hand_on(self, shown: Shown) -> None:
        drawn = self._spent["draw"]
        began = time.perf_counter()
        for output in self._outputs:
            output.take(shown)
        if self._window is not None:
            self._window.show(shown.picture)
        self._spent["output"] += time.perf_counter() - began - (self._spent["draw"] - drawn)

    def _ask_keys(self, shown: Shown | None) -> None:
        """Do what the window's keys say; a still, and a pause, last until the next one."""
        if self._window is None:
            return
        still = shown is not None and shown.frame.seconds is None
        while True:
            for key in self._window.pressed():
                still = still and key != "next"
                self._paused = self._paused != (key == "pause")
                self._quit = self._quit or key == "quit"
                if key == "snapshot" and shown is not None:
                    self._save(shown)
            if self._quit or not (self._paused or still):
                return
            time.sleep(_WAIT)

    def _save(self, shown: Shown) -> None:
        path = self._snapshots / f"snapshot-{datetime.now():%Y%m%d-%H%M%S-%f}.png"
        save_picture(path, shown.picture)
        self.summary.notes.append(f"A snapshot was saved: {path}")
