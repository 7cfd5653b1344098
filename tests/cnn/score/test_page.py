from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from cnn.calibrate import calibrate_cnn
from cnn.evaluate import CnnScore, EvaluateCnnParams, evaluate_cnn
from runs.record import digest

keras = pytest.importorskip("keras")

WriteStore = Callable[..., Path]
EVIL = "<script>alert(1)</script>&'"
HISTORY = (
    "epoch,loss,accuracy,val_loss,val_accuracy,val_balanced_accuracy\n1,1.2,0.5,1.1,0.5,0.4\n2,0.9,0.6,1,0.6,0.5\n"
)


class Elements(HTMLParser):
    """The elements with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, tag: str) -> list[dict[str, str]]:
        return [given for name, given in self.found if name == tag]


def evaluated(model: Path, faces: Path, out: Path, **options: int | str) -> tuple[CnnScore, str]:
    score = evaluate_cnn(model, faces, out, EvaluateCnnParams(**{"explained_faces": 3, **options}))  # type: ignore[arg-type]
    return score, (out / "report.html").read_text(encoding="utf-8")


def without_tags(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_the_page_is_whole_and_needs_nothing_else(small_model: Path, write_store: WriteStore, tmp_path: Path) -> None:
    faces = write_store(test=60, validation=100)
    calibrated = calibrate_cnn(small_model, faces, tmp_path / "model.keras")
    (tmp_path / "history.csv").write_text(HISTORY)
    (tmp_path / "training.json").write_text('{"best_epoch": 2, "epochs": 2, "seconds": 61.0}')
    score, text = evaluated(calibrated.model, faces, tmp_path / "out")
    found, words = Elements(text), without_tags(text)
    assert "script" not in [name for name, _ in found.found]
    assert all(given["src"].startswith("data:image/") for given in found.of("img"))
    assert not any("href" in given for _, given in found.found)
    assert all(given["alt"] for given in found.of("img"))
    assert all(given["aria-label"] for given in found.of("svg"))
    assert len(found.of("svg")) == 3
    assert all(given.get("scope") in ("col", "row") for given in found.of("th"))
    assert f"Accuracy {score.accuracy:.3f} 95 %:" in words
    assert f"The model divides its logits by {calibrated.temperature:.3f}" in words
    assert f"facefoundry cnn evaluate {calibrated.model} {faces} {tmp_path / 'out'} --explained-faces 3" in words
    assert "Happy 4 20 12 36" in words
    assert "time 1 min 1 s" in words
    assert "Class-activation maps: a bright place spoke for the answer." in words
    assert sum(given["alt"].endswith("faces, mean map") for given in found.of("img")) >= 2
    assert "One face, block by block" in words
    assert len(text) < 3_000_000


def test_a_model_of_old_without_anything_beside_it_is_told_of(
    small_model: Path, write_store: WriteStore, tmp_path: Path
) -> None:
    words = without_tags(evaluated(small_model, write_store(test=20), tmp_path / "out")[1])
    assert "No history.csv lies beside the model" in words
    assert "The model has no temperature, and the store has too few validation faces" in words
    assert "not calibrated" in words
    assert "Few faces of some classes (Happy 4, Sad 4, Surprise 4, Angry 4, Neutral 4)" in words


def test_what_flatters_is_said(small_model: Path, write_store: WriteStore, tmp_path: Path) -> None:
    faces = write_store(train=20, validation=100)
    (tmp_path / "model.keras").write_bytes(small_model.read_bytes())
    (tmp_path / "run.json").write_text(json.dumps({"inputs": {"table": "another"}}))
    text = evaluated(tmp_path / "model.keras", faces, tmp_path / "a", split="validation", explained_faces=0)[1]
    words = without_tags(text)
    assert "on which its epoch and its temperature were chosen" in words
    assert "trained on another store than this one" in words
    assert "Fitted on the validation faces it would be" in words
    assert "Left out, as `explained_faces` is 0." in words
    (tmp_path / "run.json").write_text(json.dumps({"inputs": {"table": digest(faces / "faces.parquet")}}))
    text = evaluated(tmp_path / "model.keras", faces, tmp_path / "b", split="train", explained_faces=0)[1]
    assert "Measured on the faces that it learned from" in text
    assert "trained on another store" not in text


def test_a_network_without_convolutions_gets_its_page(write_store: WriteStore, tmp_path: Path) -> None:
    layers = keras.layers
    dense = [layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(5, activation="sigmoid")]
    keras.Sequential([keras.Input((48, 48, 1)), *dense]).save(tmp_path / "dense.keras")
    words = without_tags(evaluated(tmp_path / "dense.keras", write_store(test=20), tmp_path / "out")[1])
    assert "must end in a softmax" in words
    assert "has no convolution whose filters could be shown" in words


def test_names_cannot_write_the_page(small_model: Path, write_store: WriteStore, tmp_path: Path) -> None:
    faces = write_store(test=20, name="faces & <img src=x onerror=alert(2)>")
    table = pd.read_parquet(faces / "faces.parquet")
    table["source"], table["file"], table["row"] = EVIL, f"{EVIL}.png", 0
    table.to_parquet(faces / "faces.parquet")
    folder = tmp_path / EVIL.replace("/", "\u2215")
    folder.mkdir()
    (folder / "model.keras").write_bytes(small_model.read_bytes())
    (folder / "run.json").write_text(json.dumps({"parameters": {EVIL: EVIL}}))
    (folder / "training.json").write_text(json.dumps({"backend": EVIL}))
    text = evaluated(folder / "model.keras", faces, tmp_path / "out", explained_faces=0)[1]
    found = Elements(text)
    assert not found.of("script")
    assert all(given["src"].startswith("data:") for given in found.of("img"))
    assert text.count("&lt;script&gt;alert(1)") > 5


def test_text_on_the_darkest_cells_is_readable_in_both_modes() -> None:
    # Contrast as WCAG 2 defines it, at least 4.5, of the page's ink on its accent mixed into its card.
    from cnn.score.tables import DEEPEST
    from runs.page import page_environment

    style = str(page_environment({}).globals["style"])
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in style.split("@media (prefers", 1))
    for colours in (light, {**light, **dark}):
        ink, card = _channels(colours["ink"]), _channels(colours["card"])
        for shade in ("accent", "c1"):
            pairs = zip(_channels(colours[shade]), card, strict=True)
            mixed = [(DEEPEST * above + (100 - DEEPEST) * below) / 100 for above, below in pairs]
            bright, dim = sorted((_luminance(ink), _luminance(mixed)), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5


def _channels(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _luminance(channels: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_the_page(small_model: Path, write_store: WriteStore, tmp_path: Path, width: int) -> None:
    text = evaluated(small_model, write_store(test=60, validation=100), tmp_path / "out")[1]
    quiet = "--disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-quic"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", *quiet.split(), "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900"]
    # What is wider than the window shows in scrollWidth; the page itself holds no script.
    script = (
        "<script>addEventListener('load', () => { const broken = [...document.images].filter(i => !i.naturalWidth);"
        "document.title = [document.documentElement.scrollWidth, innerWidth, broken.length, document.images.length]"
        ".join(' ') })</script>"
    )
    probe = tmp_path / "probe.html"
    probe.write_text(re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</html>", script + "</html>"), "utf-8")
    ran = subprocess.run([*command, probe.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"<title>(\d+) (\d+) (\d+) (\d+)</title>", ran.stdout)
    assert found is not None
    wide, window, broken, pictures = map(int, found.groups())
    assert wide <= window
    assert broken == 0
    assert pictures > 30
