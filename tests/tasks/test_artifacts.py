"""What is shown on a run's page; none of it may end the work."""

from __future__ import annotations

import base64
import csv
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from runs.progress import Progress
from runs.skips import Skip, write_skips
from tasks import artifacts, progress
from tasks.publish_params import Registered

ROW = {"epoch": 1, "loss": 0.5}


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """A log in place of a task run's."""
    logger = logging.getLogger("a task run")
    logger.setLevel(logging.INFO)
    for module in (artifacts, progress):
        monkeypatch.setattr(module, "get_run_logger", lambda: logger)
    return logger


def refused(*_: Any, **__: Any) -> None:
    raise OSError("the server is gone")


def test_a_server_that_refuses_is_logged_once_and_the_step_goes_on(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("create_progress_artifact", "update_progress_artifact", "create_table_artifact"):
        monkeypatch.setattr(progress, name, refused)
    report = progress.run_report("train_cnn")
    for done in range(6):
        report(Progress("learns", done, 5, table=(ROW,) * done))
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["This cannot be shown on the run's page (OSError: the server is gone). The step goes on."]
    assert "learns" in caplog.messages


def test_a_server_that_is_back_shows_the_whole_table(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    monkeypatch.setattr(progress, "create_progress_artifact", refused)
    monkeypatch.setattr(progress, "create_table_artifact", refused)
    report = progress.run_report("train_cnn")
    report(Progress("learns", 1, 3, table=(ROW,)))
    monkeypatch.setattr(progress, "create_table_artifact", lambda table, **_: shown.append(len(table)))
    report(Progress("learns", 2, 3, table=(ROW,) * 2))
    assert shown == []
    report(Progress("ends", 3, 3, table=(ROW,) * 3))
    assert shown == [3]


def test_a_page_that_cannot_be_shown_ends_no_step(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metrics.json").write_text('{"accuracy": 0.5}')
    for name in ("confusion", "montage"):
        (tmp_path / f"{name}.png").write_bytes(b"a picture")
    for name in ("create_image_artifact", "create_markdown_artifact", "create_table_artifact"):
        monkeypatch.setattr(artifacts, name, refused)
    artifacts.show_cnn_score(tmp_path)
    assert len(caplog.records) == 4


def test_a_field_longer_than_the_csv_module_allows_is_read(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(artifacts, "create_table_artifact", lambda table, **_: shown.append(table))
    limit = csv.field_size_limit()
    write_skips(tmp_path / "skipped.csv", [Skip("info.lst", 1, "no number", "x" * (limit + 1), "Mend it.")])
    artifacts.show_skips("collect", tmp_path)
    assert shown == [[{"rule": "no number", "skipped": 1}]]
    assert csv.field_size_limit() == limit


def test_a_networks_report_is_named_and_its_figures_and_pictures_shown(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown: dict[str, Any] = {}
    for name in ("create_image_artifact", "create_markdown_artifact", "create_table_artifact"):
        monkeypatch.setattr(artifacts, name, lambda **given: shown.update({given["key"]: given}))
    (tmp_path / "metrics.json").write_text('{"accuracy": 0.5}')
    for name in ("confusion", "montage"):
        (tmp_path / f"{name}.png").write_bytes(b"a picture")
    artifacts.show_cnn_score(tmp_path)
    assert list(shown) == ["cnn-report", "cnn-figures", "cnn-confusion", "cnn-montage"]
    assert str(tmp_path / "report.html") in shown["cnn-report"]["markdown"]


def test_a_cascades_report_is_named_and_its_figures_and_pictures_shown(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown: dict[str, Any] = {}
    monkeypatch.setattr(artifacts, "create_markdown_artifact", lambda **given: shown.update({given["key"]: given}))
    monkeypatch.setattr(artifacts, "create_table_artifact", lambda **given: shown.update({given["key"]: given}))
    monkeypatch.setattr(artifacts, "create_image_artifact", lambda **given: shown.update({given["key"]: given}))
    out = tmp_path / "my (best) score"
    out.mkdir()
    (out / "report.html").write_text("<html></html>")
    (out / "metrics.json").write_text('{"recall": 0.5, "precision": null, "by_size": {"small": 1}}')
    small, large = np.zeros((4, 4), np.uint8), np.random.default_rng(0).integers(0, 256, (900, 900), np.uint8)
    cv2.imwrite(str(out / "curve.png"), small)
    cv2.imwrite(str(out / "montage.png"), large)
    artifacts.show_cascade_score(out)
    assert caplog.records == []
    assert list(shown) == ["cascade-report", "cascade-figures", "cascade-curve", "cascade-montage"]
    assert f"`{out / 'report.html'}`" in shown["cascade-report"]["markdown"]
    assert "](file:" not in shown["cascade-report"]["markdown"], "a browser follows no such link from a server's page"
    assert shown["cascade-figures"]["table"] == [
        {"figure": "recall", "value": 0.5},
        {"figure": "precision", "value": None},
    ]
    assert shown["cascade-curve"]["image_url"].startswith("data:image/png;base64,")
    # A page holds no large picture.
    assert shown["cascade-montage"]["image_url"].startswith("data:image/jpeg;base64,")
    for name, image in (("curve", small), ("montage", large)):
        content = base64.b64decode(shown[f"cascade-{name}"]["image_url"].split(",")[1])
        assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE).shape == image.shape


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (
            "http://127.0.0.1:5000/",
            "[my_model version 3](http://127.0.0.1:5000/#/models/my_model/versions/3), and "
            "[its MLflow run](http://127.0.0.1:5000/#/runs/0f): parameters, figures, reports, files.",
        ),
        (
            "sqlite:////srv/mlflow.db",
            "my_model version 3 is in the store `sqlite:////srv/mlflow.db`. Where a `facefoundry up` shows that store, "
            "the version is at `/#/models/my_model/versions/3` and its run at `/#/runs/0f` of MLflow's address.",
        ),
    ],
)
def test_a_registered_model_is_linked_where_a_server_holds_it(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, store: str, words: str
) -> None:
    shown: dict[str, Any] = {}
    monkeypatch.setattr(artifacts, "create_markdown_artifact", lambda **given: shown.update(given))
    artifacts.show_model(Registered("my_model", 3, "champion", True, "ab", "0f", "models:/my_model/3", store))
    assert shown == {"markdown": words, "key": "model-my-model", "description": "my_model version 3"}


def test_a_networks_curves_are_shown(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown: dict[str, Any] = {}
    monkeypatch.setattr(artifacts, "create_image_artifact", lambda **given: shown.update(given))
    cv2.imwrite(str(tmp_path / "curves.png"), np.zeros((4, 4), np.uint8))
    artifacts.show_cnn_training(tmp_path)
    assert shown["key"] == "cnn-curves"
    assert shown["image_url"].startswith("data:image/png;base64,")
