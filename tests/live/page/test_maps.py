"""Class-activation maps: Keras is started by the first request, and what it says is what it must."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from live.page.answers import Models, Request, answer

pytestmark = pytest.mark.slow


def asked(models: Models, picture: bytes) -> dict:
    """The answer when maps are no longer being prepared."""
    engine, deadline = models.new_engine(), time.monotonic() + 300
    while (told := answer(models, engine, Request(None, True), picture))["maps"] == "loading":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return told


def test_a_map_points_at_what_the_answer_hangs_on(
    models: Models, network: Path, keras_network: Path, draw, web
) -> None:
    picture = web.jpeg(draw((60, 80, 60, "Happy"), (300, 200, 60, "Sad")))
    with_maps = Models(models.cascade, network, web.SEARCHING, keras_network=keras_network)
    plain = answer(with_maps, with_maps.new_engine(), Request(None, False), picture)
    assert "maps" not in plain
    assert not with_maps.maps._loading.is_alive(), "nobody asked for maps yet"
    told = asked(with_maps, picture)
    assert told["maps"] == "ready"
    by_label = {face["expression"]: np.array(face["map"]) for face in told["faces"]}
    there = np.zeros((6, 6), int)
    there[1, 3] = 255
    assert by_label["Happy"].tolist() == there.tolist()
    assert by_label["Sad"].shape == (6, 6)
    assert by_label["Sad"].max() == 0  # nothing speaks for it
    black = asked(with_maps, web.jpeg(np.zeros((100, 100), np.uint8)))
    assert (black["faces"], black["maps"]) == ([], "ready")


def test_a_network_that_cannot_be_loaded_is_said(models: Models, network: Path, tmp_path: Path, draw, web) -> None:
    (tmp_path / "model.keras").write_bytes(b"no network")
    broken = Models(models.cascade, network, web.SEARCHING, keras_network=tmp_path / "model.keras")
    told = asked(broken, web.jpeg(draw((60, 80, 60, "Happy"))))
    assert told["maps"].startswith("The network cannot show where it looks: ")
    assert len(told["faces"]) == 1


def test_a_network_without_a_place_to_look_at_is_said(models: Models, network: Path, tmp_path: Path, draw, web) -> None:
    import keras

    face = keras.Input((48, 48, 1))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(face))
    keras.Model(face, keras.layers.Dense(5, activation="softmax")(flat)).save(tmp_path / "model.keras")
    blind = Models(models.cascade, network, web.SEARCHING, keras_network=tmp_path / "model.keras")
    told = asked(blind, web.jpeg(draw((60, 80, 60, "Happy"))))
    assert "no layer whose output could be drawn" in told["maps"]
    assert told["faces"][0]["map"] is None


def test_keras_that_cannot_start_is_said(models: Models, network: Path, keras_network: Path, draw, web) -> None:
    """As where the package is missing, or the memory is short: nobody waits for ever."""
    blocked = sys.modules.get("cnn.explain")
    sys.modules["cnn.explain"] = None  # type: ignore[assignment]  # as an import that fails
    try:
        lame = Models(models.cascade, network, web.SEARCHING, keras_network=keras_network)
        told = asked(lame, web.jpeg(draw((60, 80, 60, "Happy"))))
    finally:
        sys.modules.pop("cnn.explain")
        if blocked is not None:
            sys.modules["cnn.explain"] = blocked
    assert told["maps"].startswith("The network cannot show where it looks: import of cnn.explain halted")
    assert len(told["faces"]) == 1
