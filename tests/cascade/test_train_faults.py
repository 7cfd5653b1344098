"""Programs that crash, lie, hang up or fill the disk in opencv_traincascade's place: no half result is believed."""

import dataclasses
import sys

import numpy as np
import pytest

from cascade.errors import ToolMissingError, TrainingError
from cascade.opencv import train as opencv_train
from cascade.train import train_cascade
from cascade.train_output import SENTENCES, StopReason
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import write_vec
from runs.parameters import ParameterError

PARAMS = CascadeTrainParams(trainer="opencv", width=8, height=8, num_neg=10, num_stages=3, feature_type="LBP")

PROGRAM = """
import os, sys
from pathlib import Path

def option(name):
    return sys.argv[sys.argv.index(name) + 1]

data, asked = Path(option("-data")), int(option("-numStages"))
(data.parent / "calls.txt").open("a").write(" ".join(sys.argv[1:]) + "\\n")
stump = "<_><internalNodes>0 -1 0 0.5</internalNodes><leafValues>-1. 1.</leafValues></_>"
weak = f"<weakClassifiers>{stump}</weakClassifiers>"

def say(*lines):
    print(*lines, sep="\\n", flush=True)

def stage(i, share=1.0):
    say(f"===== TRAINING {i}-stage =====", "POS count : consumed   9 : 9", "NEG count : acceptanceRatio    10 : 0.5")
    say("|   1|        1|      0.2|", "END>")
    if i == 0:
        (data / "params.xml").write_text("<opencv_storage><params/></opencv_storage>")
    text = f"<opencv_storage><stage{i}><stageThreshold>-1.</stageThreshold>{weak}</stage{i}></opencv_storage>"
    (data / f"stage{i}.xml").write_text(text[: int(len(text) * share)])

def cascade(stages, share=1.0):
    text = f"<stageNum>{stages}</stageNum><stages>{f'<_>{weak}</_>' * stages}</stages><features><_/></features>"
    text = f"<opencv_storage><cascade>{text}</cascade></opencv_storage>"
    (data / "cascade.xml").write_text(text[: int(len(text) * share)])

def there():
    return len(list(data.glob("stage?.xml")))

def crash():
    os.kill(os.getpid(), 6)

"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that trains with a program of the given body."""
    write_vec(tmp_path / "a.vec", np.zeros((10, 8, 8), np.uint8))
    (tmp_path / "n.png").write_bytes(b"not looked at by a fake")
    (tmp_path / "bg.txt").write_text("n.png\n")
    program = tmp_path / "bin/opencv_traincascade"
    program.parent.mkdir()
    monkeypatch.setenv("FACEFOUNDRY_OPENCV_BIN", str(program.parent))

    def train_with(body, params=PARAMS, **options):
        program.write_text(f"#!{sys.executable}\n{PROGRAM}{body}")
        program.chmod(0o755)
        return train_cascade(tmp_path / "a.vec", tmp_path / "bg.txt", tmp_path / "out", params, **options)

    return train_with


def test_a_program_that_does_its_work(run, tmp_path):
    trained = run("[stage(i) for i in range(asked)]; cascade(asked)")
    assert (trained.stages, trained.stop_reason, trained.goal_reached) == (3, StopReason.ALL_STAGES, True)
    assert (trained.weak_classifiers, trained.features, trained.num_pos) == (3, 1, 9)
    (call,) = (tmp_path / "calls.txt").read_text().splitlines()
    assert "-featureType LBP" in call
    assert "-mode" not in call
    assert "-numPos 9 -numNeg 10" in call


def test_stages_that_reject_too_little_are_named(run):
    params = dataclasses.replace(PARAMS, max_false_alarm_rate=0.1)
    trained = run("[stage(i) for i in range(asked)]; cascade(asked)", params)
    assert trained.explanation.startswith(SENTENCES[StopReason.ALL_STAGES])
    assert "above `max_false_alarm_rate`: stage 1, 2, 3. They reject too little" in trained.explanation


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Required leaf false alarm rate achieved. Branch training terminated.", StopReason.FALSE_ALARM_GOAL),
        ("The required acceptanceRatio for the model has been reached to avoid", StopReason.ACCEPTANCE_RATIO),
    ],
)
def test_fewer_stages_are_success_when_the_goal_was_reached(run, line, reason):
    trained = run(f"stage(0); say({line!r}); cascade(1)")
    assert (trained.stages, trained.stop_reason, trained.goal_reached) == (1, reason, True)
    assert trained.explanation == SENTENCES[reason]


def test_running_out_of_positives_keeps_the_stages_trained(run, tmp_path):
    trained = run(
        "if asked == there() == 2: cascade(2)\n"
        "else: stage(0); stage(1); say('Bad argument (Can not get new positive sample. vec-file is over.'); crash()"
    )
    assert (trained.stages, trained.stop_reason) == (2, StopReason.POSITIVES_EXHAUSTED)
    assert not trained.goal_reached
    assert "-numStages 2" in (tmp_path / "calls.txt").read_text().splitlines()[1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Train dataset for temp stage can not be filled. Branch training terminated.", "negatives exhausted"),
        ("Error: Bad argument (Can not get new positive sample. The most", "positives exhausted"),
        ("Error: Assertion failed (_img.rows * _img.cols == vecSize)", "vec broken"),
        ("Image reader can not be created from -vec a and -bg b.", "input not opened"),
        ("Parameters can not be written, because file x can not be opened.", "cannot write"),
        ("Cascade classifier can't be trained. Check the used training parameters.", "stage not trained"),
        ("OpenCV Error: Insufficient memory (Failed to allocate)", "out of memory"),
        ("Error: Bad argument (bad parameters range)", "program error"),
        ("Required leaf false alarm rate achieved. Branch training terminated.", "false alarm goal"),
    ],
)
def test_nothing_trained_is_an_error_in_words(run, line, reason):
    with pytest.raises(TrainingError, match=rf"without a cascade \({reason}\) in stage 1 of 3") as caught:
        run(f"say({line!r})")
    assert SENTENCES[StopReason(reason)] in str(caught.value)


FAULTS = {
    "nothing at all": ("pass", "unknown"),
    "a crash": ("stage(0); crash()", "killed"),
    "killed for memory": ("stage(0); stage(1); os.kill(os.getpid(), 9)", "killed"),
    "stages but no cascade": ("[stage(i) for i in range(3)]", None),
    "half a stage": ("stage(0); stage(1, 0.5); cascade(2)", "unknown"),
    "half a cascade": ("[stage(i) for i in range(3)]; asked == 3 and cascade(3, 0.6)", None),
    "a cascade without its stages": ("cascade(3)", "unknown"),
    "a cascade of other stages": (
        "stage(0); say('Required leaf false alarm rate achieved.'); cascade(3)",
        "false alarm",
    ),
    "an error status": ("sys.exit(4)", "unknown"),
    "words that are no text": ("os.write(1, bytes(range(256)) * 99)", "unknown"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_half_result_is_believed(run, tmp_path, fault):
    body, reason = FAULTS[fault]
    with pytest.raises(TrainingError, match=rf"\({reason or 'all stages'}"):
        run(body)
    assert not (tmp_path / "out/cascade.xml").exists()
    assert not (tmp_path / "out/training.json").exists()
    trained = run("[stage(i) for i in range(there(), asked)]; cascade(asked)")
    assert (trained.stages, len(trained.rows)) == (3, 3)


def test_the_message_says_what_is_kept_and_the_program_said(run):
    with pytest.raises(TrainingError, match=r"1 whole stages are kept in .*out.*last words: .*terribly wrong"):
        run("stage(0); say('Error: terribly wrong'); crash()")


def test_a_cascade_that_was_lost_is_assembled_from_its_stages(run):
    trained = run(
        "[stage(i) for i in range(there(), 3)]\nif (data / 'again').exists(): cascade(3)\n(data / 'again').touch()"
    )
    assert (trained.stages, trained.stop_reason) == (3, StopReason.ALL_STAGES)


def test_a_full_disk_is_named(run, monkeypatch):
    usage = opencv_train.shutil.disk_usage("/")
    monkeypatch.setattr(opencv_train.shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(TrainingError, match=r"\(cannot write\).*Is the disk full"):
        run("stage(0); stage(1, 0.3)")


def test_a_program_that_hangs_is_ended_by_the_time_limit(run):
    params = dataclasses.replace(PARAMS, time_limit_minutes=1.0 / 60)
    trained = run(
        "import time\nif asked == 1: cascade(1)\nelse: stage(0)\n"
        "while asked > 1: say('NEG current samples: 1'); time.sleep(0.05)",
        params,
    )
    assert (trained.stages, trained.stop_reason) == (1, StopReason.TIME_LIMIT)
    whole = run("[stage(i) for i in range(there(), asked)]; cascade(asked)")
    assert (whole.stages, whole.goal_reached) == (3, True)


def test_an_error_in_the_report_ends_the_program_and_keeps_the_stages(run, tmp_path):
    def refuse(progress):
        if progress.done == 1:
            raise RuntimeError("cancelled")

    with pytest.raises(RuntimeError, match="cancelled"):
        run("stage(0); stage(1); stage(2); cascade(3)", report=refuse)
    assert (tmp_path / "out/stage0.xml").exists()
    assert not (tmp_path / "out/training.json").exists()


def test_the_program_is_missing(run, monkeypatch, tmp_path):
    monkeypatch.setenv("FACEFOUNDRY_OPENCV_BIN", str(tmp_path))
    with pytest.raises(ToolMissingError, match="opencv_traincascade"):
        run("pass")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_hit_rate": 1.5}, "`min_hit_rate` must be at most 1"),
        ({"max_false_alarm_rate": 1.0}, "`max_false_alarm_rate` must be less than 1"),
        ({"num_stages": 0}, "`num_stages` must be at least 1"),
        (
            {"feature_type": "HOG"},
            r"`feature_type` must be .* no OpenCV since 3\.0 can load HOG",
        ),
        ({"feature_type": "SIFT"}, "`feature_type` must be one of"),
        ({"mode": "SOME"}, "`mode` must be one of"),
        ({"feature_type": "LBP", "base_format_save": True}, "`base_format_save` must be false for LBP"),
    ],
)
def test_parameters_are_checked_when_made(values, words):
    with pytest.raises(ParameterError, match=words):
        CascadeTrainParams(**values)
