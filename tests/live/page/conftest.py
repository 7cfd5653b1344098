"""The page on a real server, and people who talk to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from live.page.answers import Models
from live.page.server import PageParams, listen, make_app, new_server
from pair.find import PairParams

STUMP = Path(__file__).parents[2] / "tasks" / "stump_cascade.xml"
SEARCHING = PairParams(crop_scale=0.5, min_neighbors=2, max_size=90)


class Visitor:
    """Asks as the page does."""

    def __init__(self, talk: ClientConnection) -> None:
        self.socket = talk

    def ask(self, picture: bytes, seconds: float | None = None, maps: bool = False) -> Any:
        self.socket.send(json.dumps({"seconds": seconds, "maps": maps}))
        self.socket.send(picture)
        return self.hear()

    def hear(self) -> Any:
        return json.loads(self.socket.recv(timeout=60))


@contextmanager
def visit(address: str, origin: str | None = "", **how: Any) -> Iterator[Visitor]:
    origin = address if origin == "" else origin
    where = address.replace("http", "ws", 1) + "/faces"
    with connect(where, origin=origin, proxy=None, open_timeout=60, **how) as talk:  # type: ignore[arg-type]
        yield Visitor(talk)


@contextmanager
def serve(models: Models, port: int = 0, *, only_here: bool = True, **params: float) -> Iterator[str]:
    """A real server in a thread, ended at the end; its address."""
    listener = listen("127.0.0.1", port)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # so that it is soon full
    server = new_server(make_app(models, PageParams(**params), only_here=only_here))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()


def jpeg(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


@pytest.fixture(scope="session")
def web() -> SimpleNamespace:
    """The functions above, for the tests."""
    return SimpleNamespace(serve=serve, visit=visit, jpeg=jpeg, SEARCHING=SEARCHING)


@pytest.fixture(scope="session")
def models(network: Path) -> Models:
    return Models(STUMP, network, SEARCHING)


@pytest.fixture(scope="session")
def keras_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Keras network whose answer Happy hangs on one part of the face alone, the second row's fourth of six by six."""
    import keras

    face = keras.Input((48, 48, 1))
    parts = keras.layers.Conv2D(2, 8, strides=8, kernel_initializer="ones", use_bias=False)(face)
    answers = keras.layers.Dense(5, activation="softmax", kernel_initializer="zeros")
    model = keras.Model(face, answers(keras.layers.Flatten()(parts)))
    weights = np.zeros((72, 5), np.float32)
    weights[(1 * 6 + 3) * 2, 0] = 1e-5
    answers.set_weights([weights, np.zeros(5, np.float32)])
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    model.save(path)
    return path
