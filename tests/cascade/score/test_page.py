from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.evaluate import EvaluateCascadeParams, evaluate_cascade
from cascade.vec.file import write_vec

Draw = Callable[..., NDArray[np.uint8]]
WriteScenes = Callable[..., Path]
BOX = (10, 10, 48, 48)
EVIL = "<script>alert(1)</script>&'.png"


class Elements(HTMLParser):
    """Counts the elements, and keeps every address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.fixture
def scenes(tmp_path: Path, draw_squares: Draw, write_scenes: WriteScenes) -> Path:
    image = draw_squares(200, 150, [BOX])
    folder = tmp_path / "scenes"
    info = write_scenes(folder, {"a.png": (image, [BOX, (150, 100, 20, 20)]), "b.png": (image, [])})
    (folder / "table.csv").write_text("")
    (folder / "table.csv").unlink()
    return info


def page(cascade: Path, scenes: Path, out: Path, **options: float) -> str:
    evaluate_cascade(cascade, scenes, out, EvaluateCascadeParams(**options))  # type: ignore[arg-type]
    return (out / "report.html").read_text(encoding="utf-8")


def test_the_page_is_whole_and_needs_nothing_else(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    text = page(square_cascade, scenes, tmp_path / "out")
    found = Elements(text)
    assert "script" not in found.names
    assert all(address.startswith("data:image/") for address in found.addresses)
    assert found.names.count("polyline") == 5
    assert len(text) < 3_000_000


def test_names_of_files_cannot_write_the_page(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    evil = tmp_path / "<img src=x onerror=alert(2)>.xml"
    shutil.copy(square_cascade, evil)
    (scenes.parent / "a.png").rename(scenes.parent / EVIL.replace("/", "\u2215"))
    scenes.write_text(f"{EVIL.replace('/', chr(0x2215))} 1 10 10 48 48\n", encoding="utf-8")
    text = page(evil, scenes, tmp_path / "out")
    assert "script" not in Elements(text).names
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;img src=x onerror=alert(2)&gt;" in text


def test_the_code_to_copy_holds_the_recommended_point(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    score = evaluate_cascade(square_cascade, scenes, tmp_path / "out", EvaluateCascadeParams(min_size=25, max_size=90))
    text = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert score.recommended.min_neighbors != score.point.min_neighbors
    assert f"minNeighbors={score.recommended.min_neighbors}," in text
    assert "minSize=(25, 25)," in text
    assert "maxSize=(90, 90)," in text
    assert "cv::Size(25, 25)," in text
    assert score.metrics()["registered_min_neighbors"] == score.recommended.min_neighbors


def test_the_python_code_runs_and_finds_what_the_page_says(
    square_cascade: Path,
    scenes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import html

    text = page(square_cascade, scenes, tmp_path / "out")
    code = html.unescape(re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL)[0])
    monkeypatch.chdir(square_cascade.parent)
    exec(code.replace("picture.jpg", str(scenes.parent / "a.png")))
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_warnings_of_few_scenes_and_of_the_same_scenes(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    text = page(square_cascade, scenes, tmp_path / "out", false_alarm_budget=0)
    assert "Only 2 scenes with 2 objects" in text
    assert "chosen on the same scenes" in text


def test_the_mean_positive_comes_from_the_samples(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    samples = np.full((3, 24, 24), 90, np.uint8)
    write_vec(tmp_path / "positives.vec", samples)
    evaluate_cascade(square_cascade, scenes, tmp_path / "out", positives=tmp_path / "positives.vec")
    assert "the samples that it was trained with" in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    write_vec(tmp_path / "other.vec", np.full((3, 20, 20), 90, np.uint8))
    with pytest.raises(InputError, match="24"):
        evaluate_cascade(square_cascade, scenes, tmp_path / "again", positives=tmp_path / "other.vec")


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_the_page(square_cascade: Path, scenes: Path, tmp_path: Path, width: int) -> None:
    page(square_cascade, scenes, tmp_path / "out")
    quiet = "--disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-quic"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", *quiet.split(), "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900"]
    probe = tmp_path / "probe.html"
    # What is wider than the window shows in scrollWidth; the page itself holds no script.
    script = "<script>document.title=document.documentElement.scrollWidth+' of '+innerWidth</script>"
    text = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    probe.write_text(
        re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</html>", script + "</html>"), encoding="utf-8"
    )
    ran = subprocess.run([*command, probe.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"<title>(\d+) of (\d+)</title>", ran.stdout)
    assert found is not None
    assert int(found[1]) <= int(found[2])
