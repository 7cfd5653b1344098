"""The program's lines, as version 3.4.18 prints them, and what they mean."""

import pytest

from cascade import train_output
from cascade.train_output import GOALS, SENTENCES, USABLE, StageRow, StopReason, TrainingOutput

STAGE = """
===== TRAINING 0-stage =====
<BEGIN
POS current samples: 1
POS current samples: 2
POS count : consumed   700 : 703
NEG current samples: 1
NEG count : acceptanceRatio    350 : 7.61e-05
Precalculation time: 1
+----+---------+---------+
|  N |    HR   |    FA   |
+----+---------+---------+
|   1|        1|        1|
+----+---------+---------+
|   2| 0.998571| 0.246286|
+----+---------+---------+
END>
"""


def read(text, num_stages=3):
    progress, rows = [], []
    output = TrainingOutput(num_stages, progress.append, rows, lambda: None)
    for line in text.split("\n"):
        output.take(line)
    return output, progress, rows


def test_a_stage_becomes_a_row():
    _, _, rows = read(STAGE)
    assert len(rows) == 1
    assert rows[0].seconds >= 0
    rows[0].seconds = None
    assert rows == [StageRow(0, 2, 0.998571, 0.246286, 7.61e-05, 700, 350)]


def test_progress_is_told_for_people_and_as_figures():
    _, progress, _ = read(STAGE.replace("0-stage", "2-stage"))
    assert progress[0].message == "stage 3 of 3: starts"
    assert progress[-2].message == "stage 3 of 3: weak classifier 2: hit rate 0.9986, false alarm rate 0.2463"
    assert progress[-1].message == "stage 3 of 3: trained, 2 weak classifiers in 0 s"
    assert (progress[-1].done, progress[-1].total) == (2, 3)
    figures = {name: value for name, value in progress[-2].figures.items() if name != "seconds"}
    assert figures == {
        "stage": 2,
        "weak_classifiers": 2,
        "hit_rate": 0.998571,
        "false_alarm_rate": 0.246286,
        "acceptance_ratio": 7.61e-05,
        "num_pos": 700,
        "num_neg": 350,
    }


def test_counters_are_told_now_and_then_only(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(train_output.time, "monotonic", lambda: next(clock) / 100)
    _, progress, _ = read("\n".join(f"NEG current samples: {i}" for i in range(1000)))
    assert 4 <= len(progress) <= 8


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Required leaf false alarm rate achieved. Branch training terminated.", StopReason.FALSE_ALARM_GOAL),
        (
            "The required acceptanceRatio for the model has been reached to avoid overfitting of trainingdata. "
            "Branch training terminated.",
            StopReason.ACCEPTANCE_RATIO,
        ),
        (
            "Train dataset for temp stage can not be filled. Branch training terminated.",
            StopReason.NEGATIVES_EXHAUSTED,
        ),
        (
            "OpenCV(3.4.18) Error: Bad argument (Can not get new positive sample. The most possible reason is "
            "insufficient count of samples in given vec-file.",
            StopReason.POSITIVES_EXHAUSTED,
        ),
        ("Error: Bad argument (Can not get new positive sample. vec-file is over.", StopReason.POSITIVES_EXHAUSTED),
        (
            "Error: Bad argument (Can not get new positive sample. Seems that vec-file has incorrect structure.",
            StopReason.VEC_BROKEN,
        ),
        ("Error: Assertion failed (_img.rows * _img.cols == vecSize) in get", StopReason.VEC_BROKEN),
        ("Error: Parsing error (wrong file format for a.vec", StopReason.VEC_BROKEN),
        ("Image reader can not be created from -vec a.vec and -bg bg.txt.", StopReason.INPUT_NOT_OPENED),
        (
            "Parameters can not be written, because file out/params.xml can not be opened.",
            StopReason.CANNOT_WRITE,
        ),
        (
            "Current stage can not be written, because file out/stage3.xml can not be opened.",
            StopReason.CANNOT_WRITE,
        ),
        ("OpenCV(3.4.18) Error: Insufficient memory (Failed to allocate 99 bytes)", StopReason.OUT_OF_MEMORY),
        ("terminate called after throwing an instance of 'std::bad_alloc'", StopReason.OUT_OF_MEMORY),
        (
            "Cascade classifier can't be trained. Check the used training parameters.",
            StopReason.STAGE_NOT_TRAINED,
        ),
        ("OpenCV(3.4.18) Error: Bad argument (bad parameters range)", StopReason.PROGRAM_ERROR),
        ("Training until now has taken 0 days 0 hours 0 minutes 3 seconds.", None),
    ],
)
def test_every_sentence_of_the_program_is_understood(line, reason):
    assert read(line)[0].reason is reason


def test_the_cause_stays_when_a_consequence_follows():
    text = "Train dataset for temp stage can not be filled. Branch\nCascade classifier can't be trained. Check the used"
    assert read(text)[0].reason is StopReason.NEGATIVES_EXHAUSTED


def test_a_special_sentence_overrules_a_general_error():
    text = "OpenCV Error: Unspecified\nterminate called after throwing an instance of 'std::bad_alloc'"
    assert read(text)[0].reason is StopReason.OUT_OF_MEMORY


@pytest.mark.parametrize(
    "text", ["", "|  x|  y|  z|", "|   1|  -nan|  nan|", "END>", "\0", "NEG count : acceptanceRatio"]
)
def test_rubbish_does_no_harm(text):
    output, _, rows = read(text)
    assert (output.reason, rows) == (None, [])


def test_the_tail_is_short_and_without_counters():
    output, _, _ = read("\n".join([f"line {i}\nPOS current samples: {i}" for i in range(100)]))
    assert list(output.tail) == [f"line {i}" for i in range(80, 100)]


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(StopReason)
    assert GOALS < USABLE
