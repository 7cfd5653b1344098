"""A window to watch in: pygame-ce opens it, since OpenCV's headless wheel cannot."""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from live.errors import DisplayError

Key = Literal["quit", "pause", "snapshot", "next"]

KEYS = "q or Esc: quit, space: pause, s: snapshot"


class Window:
    """A window that shows pictures and says which keys were pressed. The picture keeps its shape when it is resized.

    Raises
    ------
    DisplayError
        There is no display, or pygame-ce is not installed; the message says what to do.
    """

    def __init__(self, title: str) -> None:
        _check_display()
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        try:
            import pygame
        except ImportError as error:
            raise DisplayError(
                "The window needs pygame-ce: `pip install 'facefoundry[live]'`. "
                "Without it, say `--no-window --save out.mp4`."
            ) from error
        self._pygame: Any = pygame
        try:
            pygame.display.init()
            pygame.display.set_caption(title)
        except pygame.error as error:
            raise DisplayError(_remedy(f"The window cannot be opened: {error}.")) from error
        self._screen: Any = None

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show a picture, (height, width, 3) uint8, blue, green, red."""
        pygame = self._pygame
        size = (picture.shape[1], picture.shape[0])
        if self._screen is None:
            try:
                self._screen = pygame.display.set_mode(size, pygame.RESIZABLE)
            except pygame.error as error:
                raise DisplayError(_remedy(f"The window cannot be opened: {error}.")) from error
        image = pygame.image.frombuffer(np.ascontiguousarray(picture).tobytes(), size, "BGR")
        wide, tall = self._screen.get_size()
        scale = min(wide / size[0], tall / size[1])
        fitting = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
        if fitting != size:
            image = pygame.transform.smoothscale(image, fitting)
        self._screen.fill((16, 20, 24))
        self._screen.blit(image, ((wide - fitting[0]) // 2, (tall - fitting[1]) // 2))
        pygame.display.flip()

    def pressed(self) -> list[Key]:
        """What was asked for since the last time; to be called often, or the window seems to hang."""
        pygame = self._pygame
        meanings: dict[int, Key] = {
            pygame.K_q: "quit",
            pygame.K_ESCAPE: "quit",
            pygame.K_SPACE: "pause",
            pygame.K_s: "snapshot",
            pygame.K_RIGHT: "next",
            pygame.K_RETURN: "next",
        }
        pressed: list[Key] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                pressed.append("quit")
            elif event.type == pygame.KEYDOWN and event.key in meanings:
                pressed.append(meanings[event.key])
        return pressed

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()


def _check_display() -> None:
    """On Linux a window needs a display; SDL would wait for one, or draw into nowhere."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        raise DisplayError(_remedy("There is no display to open a window on."))


def _remedy(what: str) -> str:
    return f"{what} Say `--no-window --save out.mp4` (or `--json -`) instead."
