"""A healthy training has no findings; what the doctor foresees, recommends, writes down and stops at."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from cascade.collect import CollectParams, collect
from cascade.doctor.check import check, one_a_rule, stop_on_errors, summarise
from cascade.doctor.findings import RULES
from cascade.errors import InputError
from cascade.plans import counts as plan


def test_a_healthy_training_has_no_findings(patient):
    diagnosis = patient.examine()
    assert diagnosis.findings == ()
    assert (diagnosis.positives, diagnosis.positive_pictures, diagnosis.negatives) == (10, 10, 10)


@pytest.mark.parametrize(
    ("values", "severity", "rule"),
    [
        ({"num_pos": 10, "min_hit_rate": 0.97}, "error", "too few samples for num_pos"),
        ({"num_pos": 9, "min_hit_rate": 0.95}, "warning", "num_pos leaves little reserve"),
        ({"num_neg": 10**7}, "warning", "caches do not fit"),
        ({"num_neg": 10**7, "precalc_val_buf_size": 10**7}, "error", "too little memory"),
    ],
)
def test_parameters_that_cannot_work_are_found(patient, monkeypatch, values, severity, rule):
    monkeypatch.setattr(plan, "free_memory", lambda: 64 << 30)
    patient.training = replace(patient.training, **values)
    assert (severity, rule) in {(finding.severity, finding.rule) for finding in patient.examine().findings}


def test_names_relative_to_where_the_trainer_is_started(patient, monkeypatch):
    patient.replace_line(patient.background, 4, "patient/n3.png")
    monkeypatch.chdir(patient.root.parent)
    patient.root = patient.root.relative_to(patient.root.parent)
    found = patient.examine().findings
    assert [finding.rule for finding in found] == ["missing file", "name relative to the working folder"]
    assert found[1].value == "patient/n3.png"


def test_a_picture_with_one_bright_dot_is_like_no_other(patient):
    for number in range(2):
        dotted = np.full((400, 400), 9, np.uint8)
        dotted[number, number] = 255
        patient.draw(f"n{number}.png", dotted)
    assert [finding.rule for finding in patient.examine().findings] == []


def test_an_empty_line_at_the_end_does_no_harm(patient):
    patient.background.write_text(patient.background.read_text(encoding="ascii") + "\n\n", encoding="ascii")
    assert patient.examine().findings == ()


@pytest.mark.parametrize(
    ("shape", "kind", "trait"),
    [((60, 80, 3), np.uint8, "colour"), ((60, 80, 4), np.uint8, "alpha"), ((60, 80), np.uint16, "16-bit")],
)
def test_how_a_picture_is_stored_is_noted(patient, shape, kind, trait):
    patient.draw("n3.png", np.random.default_rng(1).integers(0, np.iinfo(kind).max, shape, kind))
    notes = patient.examine().notes
    assert [note.value for note in notes if note.rule == f"{trait} pictures"] == ["1 of 10, the first n3.png"]


def test_mixed_labels_are_an_error_until_one_is_chosen(patient):
    rows = "".join(f"p{number}.png,5,6,45,46,{'cat' if number < 4 else 'dog'}\n" for number in range(10))
    table = patient.root / "boxes.csv"
    table.write_text("picture,x_min,y_min,x_max,y_max,label\n" + rows, encoding="ascii")
    found = check(table, patient.background, None, patient.check, patient.samples, patient.training)
    assert [(finding.rule, finding.value) for finding in found.errors] == [("mixed labels", "dog: 6, cat: 4")]
    chosen = replace(patient.check, label="dog")
    found = check(table, patient.background, None, chosen, patient.samples, patient.training)
    assert (found.positives, found.findings) == (6, ())


def test_folders_of_pictures_will_do(patient, tmp_path):
    for kind in "pn":
        folder = tmp_path / kind
        folder.mkdir()
        for picture in sorted(patient.root.glob(f"{kind}*.png")):
            picture.rename(folder / picture.name)
    found = check(tmp_path / "p", tmp_path / "n", None, patient.check, patient.samples, patient.training)
    assert found.positives == 10
    assert {finding.rule for finding in found.findings} == {"window distorts the boxes"}


def test_copies_of_the_boxes_count_as_samples(patient):
    patient.samples = replace(patient.samples, copies=3, shift=0.1)
    assert patient.examine().plan.samples == 30


def test_faults_that_collect_leaves_out_only_warn_before_it(patient, tmp_path):
    patient.replace_line(patient.info, 4, "p3.png 1 45 6 40 40")
    (patient.root / "n3.png").unlink()
    stopped = patient.examine()
    assert (len(stopped.errors), len(stopped.warnings)) == (2, 0)
    looked_at = (patient.info, patient.background, tmp_path / "out", patient.check, patient.samples, patient.training)
    diagnosis = check(*looked_at, collect=CollectParams())
    assert (len(diagnosis.errors), len(diagnosis.warnings)) == (0, 2)
    stop_on_errors(diagnosis, tmp_path / "out")


@pytest.mark.parametrize(
    ("params", "small", "positives", "negatives"),
    [
        (CollectParams(), 3, 8, 7),  # the window is 16x40: a box and two negatives are smaller, two pictures known
        (CollectParams(min_width=20), 4, 7, 7),
        (CollectParams(min_height=38), 0, 9, 9),
        (CollectParams(max_positives=5, max_negatives=3), 3, 5, 3),
    ],
)
def test_the_doctor_foresees_what_collect_leaves(patient, tmp_path, params, small, positives, negatives):
    patient.samples = replace(patient.samples, width=16, height=40)
    patient.training = replace(patient.training, width=16, height=40)
    patient.replace_line(patient.info, 2, "p1.png 1 5 6 16 40")
    patient.replace_line(patient.info, 3, "p2.png 1 5 6 16 39")
    for name, height in (("n1.png", 39), ("n2.png", 38)):
        patient.draw(name, np.random.default_rng(height).integers(0, 256, (height, 80), np.uint8))
    for name in ("p3.png", "n3.png"):
        shutil.copy(patient.root / "p4.png", patient.root / name)
    looked_at = (patient.info, patient.root / "negatives")
    looked_at[1].mkdir()
    for picture in patient.root.glob("n*.png"):
        picture.rename(looked_at[1] / picture.name)
    kept = collect(*looked_at, tmp_path / "collected", params, patient.samples.window)
    foreseen = check(*looked_at, None, patient.check, patient.samples, patient.training, collect=params)
    assert (kept.positives, kept.negatives) == (foreseen.positives, foreseen.negatives) == (positives, negatives)
    rules = [finding.rule for finding in foreseen.findings]
    assert sum("too small for collect" in rule for rule in rules) == small


def test_a_known_cascade_finds_positives_among_the_negatives(patient, square_cascade, draw_squares, tmp_path):
    patient.draw("n3.png", draw_squares(96, 96, [(30, 30, 36, 36)]))
    patient.check = replace(patient.check, known_cascade=square_cascade, known_min_neighbors=1)
    diagnosis = patient.examine(tmp_path / "out")
    hidden = [finding for finding in diagnosis.warnings if finding.rule == "negative may hold the object"]
    assert any(finding.line == 4 for finding in hidden)
    sheet = cv2.imread(str(tmp_path / "out" / "suspects.png"), cv2.IMREAD_GRAYSCALE)
    assert min(sheet.shape) > 150
    assert sheet.std() > 10


def test_what_is_written_says_what_is_returned(patient, tmp_path):
    patient.replace_line(patient.background, 4, "")
    patient.replace_line(patient.info, 4, "p3.png 1 5 6 10 10")
    diagnosis = patient.examine(tmp_path / "out")
    with (tmp_path / "out" / "findings.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["rule"] for row in rows] == [finding.rule for finding in diagnosis.findings]
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report["errors"], report["warnings"], report["notes"]) == (1, 1, 0)
    assert report["plan"]["num_pos"] == diagnosis.plan.num_pos
    assert len((tmp_path / "out" / "plan.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3
    assert not (tmp_path / "out" / "suspects.png").exists()
    assert summarise(diagnosis) == "1 error, 1 warning, 0 notes"


def test_the_flow_stops_at_errors_and_keeps_the_list(patient, tmp_path):
    patient.replace_line(patient.info, 4, "p3.png 1 5 6 0 40")
    diagnosis = patient.examine(tmp_path / "out")
    with pytest.raises(InputError, match=r"1 error, .*out.findings\.csv.*\n.*info\.lst:4: zero-size box"):
        stop_on_errors(diagnosis, tmp_path / "out")
    assert (tmp_path / "out" / "findings.csv").is_file()


def test_each_rule_is_told_once_and_the_rarest_first(patient):
    for number in range(1, 4):
        patient.replace_line(patient.info, number, f"p{number - 1}.png 1 5 6 14 14")
    patient.samples, patient.training = (replace(params, width=40) for params in (patient.samples, patient.training))
    told = one_a_rule(patient.examine())
    assert "(2 more like it)" in told[-1]
    assert "window distorts the boxes" in told[0]


def test_the_flow_goes_on_at_warnings(patient, tmp_path):
    patient.replace_line(patient.info, 4, "p3.png 1 5 6 10 10")
    diagnosis = patient.examine()
    stop_on_errors(diagnosis, tmp_path)
    assert len(diagnosis.warnings) == 1


@pytest.mark.parametrize("name", ["info", "background"])
def test_a_list_that_is_not_there_is_said(patient, name):
    getattr(patient, name).unlink()
    with pytest.raises(InputError, match=r"cannot be read"):
        patient.examine()


def test_negatives_that_hold_no_window_are_none(patient):
    for number in range(10):
        patient.draw(f"n{number}.png", np.random.default_rng(number).integers(0, 256, (19, 30), np.uint8))
    assert [finding.rule for finding in patient.examine().errors] == ["no negatives"]


@pytest.mark.parametrize("name", RULES)
def test_every_rule_says_what_it_looks_for(name):
    assert RULES[name].__doc__
