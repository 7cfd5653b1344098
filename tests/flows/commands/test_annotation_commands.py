"""`facefoundry annotations ...` as a user types it."""

import cv2
import numpy as np
import pytest

from cascade.annotations import formats
from cascade.annotations.records import Annotation
from flows.commands.annotation_commands import annotations_app


@pytest.fixture
def info(tmp_path):
    for name in ("a", "b"):
        assert cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((60, 80), 90, np.uint8))
    items = [Annotation(tmp_path / "a.png", ((1, 2, 30, 40), (5, 5, 9, 9))), Annotation(tmp_path / "b.png", ())]
    formats.write(tmp_path / "info.lst", items, format="opencv_info")
    return tmp_path / "info.lst"


def run(*words):
    annotations_app(list(map(str, words)), result_action="return_value")


def test_convert_and_show(info, tmp_path, capsys):
    run("convert", info, tmp_path / "out/c.json", "--format", "coco", "--unlabelled", "face")
    assert "boxes                    2" in capsys.readouterr().out
    run("show", tmp_path / "out/c.json", "--sheet", tmp_path / "sheet.png")
    out = capsys.readouterr().out
    assert "coco" in out
    assert "face 2" in out
    assert "32 to 48" in out
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[1] == 1290


def test_every_format_is_listed(capsys):
    run("formats")
    out = capsys.readouterr().out
    assert all(name in out for name in formats.FORMATS)


def test_show_names_what_is_broken_and_draws_a_sheet_without_boxes(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("path,x,y,width,height\na.png,,,,\nb.png,1\n")
    run("show", tmp_path / "a.csv", "--sheet", tmp_path / "sheet.png")
    assert "a.csv:3: broken row" in capsys.readouterr().out
    assert (tmp_path / "sheet.png").is_file()


def test_propose_and_accept(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (200, 200)).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "in/a.png"), cv2.GaussianBlur(noise, (0, 0), 6))
    run("propose", tmp_path / "in", tmp_path / "out", "--min-score", "-1.5", "--upsample", "0")
    assert "PROPOSALS of a detector, not annotations" in capsys.readouterr().out
    run("accept", tmp_path / "out", tmp_path / "faces", "--drop", "none", "--format", "voc", "--label", "face")
    assert {label for item in formats.read(tmp_path / "faces") for label in item.labels} == {"face"}
