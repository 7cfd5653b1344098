from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from runs.page import Table, count, page_environment, printable, rate

BODY = (
    '{% extends "page" %}{% import "parts" as parts %}{% block body %}{{ parts.warn(warnings) }}'
    '{{ parts.table(rows, "Rows") }}{{ parts.facts([("name", name)]) }}{% endblock %}'
)
GIVEN = {"title": "A & B", "eyebrow": "Report", "lead": "", "date": "today", "warnings": ["<b>"], "name": "<i>"}


def render(**changed: object) -> str:
    given = {**GIVEN, "rows": Table(("a", "b"), [("1", "<u>"), ("2", "3")], [1]), **changed}
    return page_environment({"own": BODY}, ".own { color: red; }").get_template("own").render(given)


def test_a_page_holds_the_shell_its_own_style_and_its_body_escaped() -> None:
    text = render()
    assert text.startswith("<!doctype html>")
    assert "default-src 'none'" in text
    assert "<title>A &amp; B</title>" in text
    assert ".own { color: red; }" in text
    assert "<li>&lt;b&gt;</li>" in text
    assert "<td>1</td><td>&lt;u&gt;</td>" in text
    assert '<tr class="best"><td>2</td>' in text
    assert "<td>name</td><td>&lt;i&gt;</td>" in text


def test_without_warnings_there_is_no_empty_box() -> None:
    assert "Before you trust" in render()
    assert "Before you trust" not in render(warnings=[])


def test_a_name_that_is_not_given_is_an_error() -> None:
    environment = page_environment({"own": "{{ missing }}"})
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        environment.get_template("own").render()


def test_figures_as_words() -> None:
    assert (rate(0.12345), rate(None)) == ("0.123", "\u2013")
    assert (count(1, "face"), count(0, "face"), count(1234, "face")) == ("1 face", "0 faces", "1,234 faces")
    assert printable("a\udcff.png") == "a?.png"
