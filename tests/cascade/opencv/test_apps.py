"""Where the programs are looked for, and what becomes of their arguments."""

import hashlib
import json
from pathlib import Path

import pytest

from cascade.errors import InputError, ToolMissingError
from cascade.opencv import apps as opencv_apps
from cascade.opencv.apps import CREATESAMPLES, CREATESAMPLES_OPTIONS, TRAINCASCADE, TRAINCASCADE_OPTIONS, arguments


def put_programs(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names or opencv_apps.NAMES:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def nowhere(tmp_path, monkeypatch) -> Path:
    """A machine without the programs; returns the (missing) bin folder of our own installation."""
    monkeypatch.delenv(opencv_apps.ENVIRONMENT, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return opencv_apps.cache_folder() / "bin"


class TestFind:
    @pytest.mark.usefixtures("nowhere")
    def test_a_missing_program_is_named_with_the_remedy(self):
        assert not opencv_apps.is_installed()
        with pytest.raises(ToolMissingError, match=r"`opencv_traincascade`.*OpenCV 3.4.18.*facefoundry tools install"):
            opencv_apps.find(TRAINCASCADE)

    def test_the_cache_is_looked_at(self, nowhere):
        put_programs(nowhere)
        assert opencv_apps.is_installed()
        assert opencv_apps.find(CREATESAMPLES) == nowhere / CREATESAMPLES

    def test_path_goes_before_the_cache_and_the_variable_before_path(self, nowhere, tmp_path, monkeypatch):
        put_programs(nowhere)
        on_path = put_programs(tmp_path / "path")
        assert opencv_apps.find(TRAINCASCADE) == on_path / TRAINCASCADE
        wished = put_programs(tmp_path / "wished")
        monkeypatch.setenv(opencv_apps.ENVIRONMENT, str(wished))
        assert opencv_apps.find(TRAINCASCADE) == wished / TRAINCASCADE

    def test_a_variable_that_names_a_wrong_folder_is_an_error_not_a_detour(self, nowhere, tmp_path, monkeypatch):
        put_programs(nowhere)
        monkeypatch.setenv(opencv_apps.ENVIRONMENT, str(tmp_path))
        with pytest.raises(ToolMissingError, match=r"`FACEFOUNDRY_OPENCV_BIN` is `.*`, which holds no program"):
            opencv_apps.find(TRAINCASCADE)

    def test_an_empty_variable_counts_as_unset(self, nowhere, monkeypatch):
        put_programs(nowhere)
        monkeypatch.setenv(opencv_apps.ENVIRONMENT, "")
        assert opencv_apps.is_installed()

    @pytest.mark.usefixtures("nowhere")
    def test_a_relative_folder_gives_an_absolute_path(self, tmp_path, monkeypatch):
        put_programs(tmp_path / "wished")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv(opencv_apps.ENVIRONMENT, "wished")
        assert opencv_apps.find(TRAINCASCADE) == tmp_path / "wished" / TRAINCASCADE

    def test_one_of_two_is_not_installed(self, nowhere):
        put_programs(nowhere, CREATESAMPLES)
        assert not opencv_apps.is_installed()

    def test_a_file_that_may_not_be_executed_does_not_count(self, nowhere):
        put_programs(nowhere)
        (nowhere / TRAINCASCADE).chmod(0o644)
        assert not opencv_apps.is_installed()

    def test_a_folder_of_that_name_does_not_count(self, nowhere):
        put_programs(nowhere, CREATESAMPLES)
        (nowhere / TRAINCASCADE).mkdir()
        assert not opencv_apps.is_installed()


class TestProvenance:
    def test_the_file_is_hashed(self, nowhere):
        put_programs(nowhere)
        digest = hashlib.sha256(b"#!/bin/sh\n").hexdigest()
        assert opencv_apps.provenance(TRAINCASCADE) == {"path": str(nowhere / TRAINCASCADE), "sha256": digest}

    def test_what_we_built_names_its_source(self, nowhere):
        put_programs(nowhere)
        (nowhere.parent / opencv_apps.RECORD).write_text(json.dumps({"source": "opencv.tar.gz", "options": []}))
        assert opencv_apps.provenance(TRAINCASCADE)["source"] == "opencv.tar.gz"


class TestArguments:
    def test_every_option_of_traincascade(self):
        values = {
            "data": "out", "vec": Path("a.vec"), "bg": Path("bg.txt"), "num_pos": 900, "num_neg": 400, "num_stages": 3,
            "precalc_val_buf_size": 10, "precalc_idx_buf_size": 20, "base_format_save": True, "num_threads": 2,
            "acceptance_ratio_break_value": 1e-05, "stage_type": "BOOST", "feature_type": "LBP", "width": 20,
            "height": 24, "boost_type": "GAB", "min_hit_rate": 0.995, "max_false_alarm_rate": 0.5,
            "weight_trim_rate": 1, "max_depth": 1, "max_weak_count": 100, "mode": "ALL",
        }  # fmt: skip
        said = (
            "-data out -vec a.vec -bg bg.txt -numPos 900 -numNeg 400 -numStages 3 -precalcValBufSize 10"
            " -precalcIdxBufSize 20 -baseFormatSave -numThreads 2 -acceptanceRatioBreakValue 1e-05 -stageType BOOST"
            " -featureType LBP -w 20 -h 24 -bt GAB -minHitRate 0.995 -maxFalseAlarmRate 0.5 -weightTrimRate 1.0"
            " -maxDepth 1 -maxWeakCount 100 -mode ALL"
        )
        assert set(values) == set(TRAINCASCADE_OPTIONS)
        assert " ".join(arguments(TRAINCASCADE_OPTIONS, values)) == said

    def test_the_order_is_the_tables_whatever_the_values(self):
        values = {"height": 20, "width": 24, "num": 7, "vec": "a.vec", "info": "info.lst"}
        said = "-info info.lst -vec a.vec -num 7 -w 24 -h 20"
        assert " ".join(arguments(CREATESAMPLES_OPTIONS, values)) == said

    def test_none_and_false_say_nothing(self):
        assert arguments(TRAINCASCADE_OPTIONS, {"mode": None, "base_format_save": False}) == []

    def test_zero_is_said(self):
        assert arguments(TRAINCASCADE_OPTIONS, {"precalc_val_buf_size": 0}) == ["-precalcValBufSize", "0"]

    def test_an_unknown_name_is_an_error(self):
        with pytest.raises(InputError, match=r"`numPos` is not an option of this program. It takes: data, vec"):
            arguments(TRAINCASCADE_OPTIONS, {"numPos": 5})

    def test_hog_is_refused_with_the_reason(self):
        with pytest.raises(InputError, match=r"`feature_type` must be one of HAAR, LBP. Got 'HOG'.*HOG cascade"):
            arguments(TRAINCASCADE_OPTIONS, {"feature_type": "HOG"})

    @pytest.mark.parametrize(
        ("name", "value", "kind"),
        [("num_pos", 1.5, "int"), ("num_pos", True, "int"), ("min_hit_rate", "0.9", "float"),
         ("min_hit_rate", True, "float"), ("vec", 3, "Path"), ("base_format_save", 1, "bool"), ("mode", 1, "str")],
    )  # fmt: skip
    def test_a_value_of_the_wrong_type_is_an_error(self, name, value, kind):
        with pytest.raises(InputError, match=f"`{name}` must be of type {kind}. Got {value!r}"):
            arguments(TRAINCASCADE_OPTIONS, {name: value})

    def test_a_command_begins_with_the_program(self, nowhere):
        put_programs(nowhere)
        assert opencv_apps.command(CREATESAMPLES, {"num": 3}) == [str(nowhere / CREATESAMPLES), "-num", "3"]
