from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cyclopts import App

from flows.commands import architecture_commands

registry = pytest.importorskip("cnn.models")


@pytest.fixture
def app() -> App:
    group = App(name="cnn", result_action="return_value")
    group.command(architecture_commands.models)
    return group


def rows(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The table's rows by their first word, without the paragraphs below it."""
    table = capsys.readouterr().out.split("\n\n")[0].splitlines()
    return {line.split()[0]: line for line in table[1:]}


def test_the_table_has_a_row_for_every_network(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app(["models"])
    found = rows(capsys)
    assert tuple(found) == registry.names()
    assert found["reference"].split()[1:4] == ["1,004,805", "110.0", "0.001"]
    assert f"{registry.architecture('reference').measured.accuracy:.3f} on FER+" in found["reference"]


def test_below_it_stands_what_each_is_and_where_from(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app(["models"])
    told = " ".join(capsys.readouterr().out.split())
    for name in registry.names():
        known = registry.architecture(name)
        assert f"{name} {known.summary}. {known.paper}." in told
    assert "Published: 0.66 on FER2013, seven classes." in told


def test_what_was_not_measured_says_so(
    app: App, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry.registry.MEASURED, "reference")
    app(["models"])
    assert rows(capsys)["reference"].endswith("not yet")


def test_json_says_it_all(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app(["models", "--json"])
    said = {one.pop("name"): one for one in json.loads(capsys.readouterr().out)}
    assert tuple(said) == registry.names()
    for name, facts in said.items():
        known = registry.architecture(name)
        assert (facts["parameters"], facts["flops"]) == (known.parameters, known.flops)
        assert {name: facts[name] for name in known.suggestions()} == known.suggestions()
        measured = facts["measured"]
        assert (measured is None) == (known.measured is None)
        assert measured is None or set(measured) == {"accuracy", "data", "epochs", "command", "date"}


def test_keras_is_not_imported_to_list_them(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from flows.commands.architecture_commands import models\n"
        "models()\n"
        "print(sorted({'keras', 'tensorflow'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert "vgg13" in done.stdout, done.stderr
    assert done.stdout.endswith("\n[]\n")
