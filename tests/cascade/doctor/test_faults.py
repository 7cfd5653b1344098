"""Each fault alone in a healthy training has the right finding, with its place and a remedy."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest


def empty_line(patient):
    patient.replace_line(patient.background, 4, "")


def empty_line_in_info(patient):
    patient.replace_line(patient.info, 4, " ")


def windows_line_ends(patient):
    patient.background.write_bytes(patient.background.read_bytes().replace(b"\n", b"\r\n"))


def missing_picture(patient):
    (patient.root / "n3.png").unlink()


def unreadable_picture(patient):
    (patient.root / "p3.png").write_bytes(b"no picture at all")


def cut_off_picture(patient):
    whole = (patient.root / "n3.png").read_bytes()
    (patient.root / "n3.png").write_bytes(whole[:-40])


def small_negative(patient):
    patient.draw("n3.png", np.arange(19 * 30, dtype=np.uint8).reshape(19, 30))


def box_outside(patient):
    patient.replace_line(patient.info, 4, "p3.png 1 45 6 40 40")


def zero_size_box(patient):
    patient.replace_line(patient.info, 4, "p3.png 1 5 6 0 40")


def broken_line(patient):
    patient.replace_line(patient.info, 4, "p3.png 2 5 6 40 40")


def name_with_a_space(patient):
    patient.replace_line(patient.info, 4, "p 3.png 1 5 6 40 40")


def small_box(patient):
    patient.replace_line(patient.info, 4, "p3.png 1 5 6 10 10")


def no_box(patient):
    patient.replace_line(patient.info, 4, "p3.png 0")


def same_box_twice(patient):
    patient.replace_line(patient.info, 4, "p3.png 2 5 6 40 40 5 7 40 40")


def duplicate_positive(patient):
    (patient.root / "p3.png").write_bytes((patient.root / "p1.png").read_bytes())


def duplicate_negative(patient):
    (patient.root / "n3.png").write_bytes((patient.root / "n1.png").read_bytes())


def both(patient):
    (patient.root / "n3.png").write_bytes((patient.root / "p1.png").read_bytes())


def named_twice(patient):
    patient.replace_line(patient.background, 4, "n2.png")


def near_duplicate(patient):
    image = cv2.imread(str(patient.root / "n1.png"), cv2.IMREAD_GRAYSCALE)
    patient.draw("n3.png", cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA))


def nearly_both(patient):
    image = cv2.imread(str(patient.root / "p1.png"), cv2.IMREAD_GRAYSCALE)
    patient.draw("n3.png", np.clip(image.astype(int) + 3, 0, 255).astype(np.uint8))


def flat_negative(patient):
    patient.draw("n3.png", np.full((60, 80), 7, np.uint8))


def different_windows(patient):
    patient.samples = replace(patient.samples, width=24)


def num_pos_too_large(patient):
    patient.training = replace(patient.training, num_pos=11)


def too_few_windows_at_first(patient):
    patient.background.write_text("n0.png\n", encoding="ascii")
    patient.training = replace(patient.training, num_neg=20_000, feature_type="LBP")


def too_few_windows_at_last(patient):
    patient.training = replace(patient.training, num_stages=30)


def lossy_stages(patient):
    patient.training = replace(patient.training, min_hit_rate=0.9)


def few_positives(patient):
    patient.check = replace(patient.check, few_positives=11)


def distorting_window(patient):
    patient.samples = replace(patient.samples, width=40)
    patient.training = replace(patient.training, width=40)


def many_shapes(patient):
    for number in range(3):
        patient.replace_line(patient.info, number + 1, f"p{number}.png 1 5 6 40 25")
        patient.replace_line(patient.info, number + 6, f"p{number + 5}.png 1 5 6 25 40")


FAULTS = [
    (empty_line, "error", "empty line", "bg.txt", 4),
    (empty_line_in_info, "note", "empty line", "info.lst", 4),
    (windows_line_ends, "warning", "Windows line ends", "bg.txt", 1),
    (missing_picture, "error", "missing file", "bg.txt", 4),
    (unreadable_picture, "error", "not decodable", "info.lst", 4),
    (cut_off_picture, "error", "cut off", "bg.txt", 4),
    (small_negative, "warning", "negative smaller than the window", "bg.txt", 4),
    (box_outside, "error", "box outside the picture", "info.lst", 4),
    (zero_size_box, "error", "zero-size box", "info.lst", 4),
    (broken_line, "error", "wrong number of boxes", "info.lst", 4),
    (name_with_a_space, "error", "picture name with a space", "info.lst", 4),
    (small_box, "warning", "box smaller than the window", "info.lst", 4),
    (no_box, "warning", "no box", "info.lst", 4),
    (same_box_twice, "warning", "same box twice", "info.lst", 4),
    (duplicate_positive, "warning", "duplicate positive", "info.lst", 4),
    (duplicate_negative, "warning", "duplicate negative", "bg.txt", 4),
    (both, "error", "both positive and negative", "bg.txt", 4),
    (named_twice, "warning", "picture named twice", "bg.txt", 4),
    (near_duplicate, "warning", "near-duplicate negative", "bg.txt", 4),
    (nearly_both, "warning", "nearly both positive and negative", "bg.txt", 4),
    (flat_negative, "warning", "flat picture", "bg.txt", 4),
    (different_windows, "error", "two different windows", "parameters", 0),
    (num_pos_too_large, "error", "too few samples for num_pos", "parameters", 0),
    (too_few_windows_at_first, "error", "too few negative windows", "bg.txt", 0),
    (too_few_windows_at_last, "warning", "too few negative windows", "bg.txt", 0),
    (lossy_stages, "warning", "the stages lose many positives", "parameters", 0),
    (few_positives, "warning", "few positives", "info.lst", 0),
    (distorting_window, "warning", "window distorts the boxes", "info.lst", 0),
    (many_shapes, "warning", "boxes of many shapes", "info.lst", 0),
]


@pytest.mark.parametrize(("fault", "severity", "rule", "file", "line"), FAULTS, ids=[row[0].__name__ for row in FAULTS])
def test_each_fault_is_found_alone(patient, fault, severity, rule, file, line):
    fault(patient)
    findings = patient.examine().findings
    assert [(finding.severity, finding.rule, finding.line) for finding in findings] == [(severity, rule, line)]
    assert findings[0].file.endswith(file)
    assert findings[0].value
    assert findings[0].remedy.endswith((".", ".)", "?"))


def test_a_window_for_the_boxes_is_recommended(patient):
    distorting_window(patient)
    assert "Use a window of 28x28" in patient.examine().findings[0].remedy
