"""Diagnostics in text and JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowplan.errors import Diagnostic
from flowplan.render.diagnostics import (
    count_text,
    diagnostic_text,
    diagnostics_document,
    diagnostics_text,
)
from flowplan.render.look import Look

LOOK = Look()
PLACED = Diagnostic(
    "error",
    "FP104",
    'no node "create_conector_1"',
    node="register_model_2",
    file="template.yaml",
    line=31,
    column=7,
    hint='did you mean "create_connector_1"?',
    excerpt="      create_conector_1: connector_id",
    span=17,
)


def caret_column(text: str) -> int:
    return text.splitlines()[2].index("^")


def test_template_mistakes_look_like_this(golden):
    cycle = Diagnostic(
        "error", "FP110", "cycle: a → b → c → a", file="template.yaml", line=12, column=7
    )
    warning = Diagnostic("warning", "FP121", 'unknown input "tmperature"', "It is sent as it is.")
    held = Diagnostic(
        "error",
        "FP501",
        "template.state.json is locked",
        "by    ci@runner-12, job https://ci.example.org/jobs/4711\nfor   apply, since 14:02:11",
        hint="Wait with --lock-timeout 5m",
    )
    golden("diagnostics.txt", diagnostics_text((PLACED, cycle, warning, held), LOOK))


def test_the_json_document_is_the_contracts(schema):
    document = diagnostics_document((PLACED, replace(PLACED, file=None, line=None, column=None)))
    schema("diagnostics", document)
    assert document["diagnostics"][0]["line"] == 31
    assert "excerpt" not in document["diagnostics"][0]


def test_a_long_hint_stands_below_the_caret():
    text = diagnostic_text(replace(PLACED, hint="x" * 60), LOOK)
    assert text.splitlines()[-1] == "  " + "x" * 60


def test_a_hint_is_not_wrapped_since_it_may_be_a_command():
    command = "flowplan " + "word " * 40 + "end"
    text = diagnostic_text(Diagnostic("error", "FP1", "s", hint=command), LOOK)
    assert f"  {command}" in text.splitlines()


def test_a_long_detail_is_wrapped():
    text = diagnostic_text(Diagnostic("error", "FP1", "s", "word " * 40), LOOK)
    assert max(map(len, text.splitlines())) <= 80


def test_the_caret_stands_below_the_place_behind_tabs():
    drawn = replace(PLACED, excerpt="\t\tab: cd", column=3, span=2, hint="")
    text = diagnostic_text(drawn, LOOK)
    assert caret_column(text) == text.splitlines()[1].index("ab")


def test_the_caret_counts_wide_characters_twice():
    text = diagnostic_text(replace(PLACED, excerpt="漢字: x", column=5, span=1, hint=""), LOOK)
    assert caret_column(text) == len("   31 | ") + 6


def test_a_far_place_in_a_long_line_is_brought_into_view():
    excerpt = "a" * 500 + "HERE" + "b" * 500
    text = diagnostic_text(replace(PLACED, excerpt=excerpt, column=501, span=4, hint=""), LOOK)
    source, caret = text.splitlines()[1:3]
    assert source[caret.index("^") : caret.index("^") + 4] == "HERE"
    assert len(source) <= 80


def test_a_span_of_nothing_still_gets_a_caret():
    text = diagnostic_text(replace(PLACED, excerpt="", span=0), LOOK)
    assert "^" not in text
    assert "^" in diagnostic_text(replace(PLACED, excerpt="x", column=9, span=0), LOOK)


def test_a_file_that_its_summary_names_is_named_once():
    text = diagnostic_text(
        Diagnostic("error", "FP100", "a.yaml can't be read", file="a.yaml"), LOOK
    )
    assert text == "error[FP100]: a.yaml can't be read"


def test_escape_sequences_are_shown_not_sent():
    evil = "\x1b]0;owned\x07"
    text = diagnostic_text(
        Diagnostic("error", "FP1", evil, evil, node=evil, file=evil, line=1, column=1, hint=evil,
                   excerpt=evil, span=3),
        LOOK,
    )  # fmt: skip
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        (["error"], ""),
        (["error", "error"], "2 errors in t.yaml"),
        (["error", "warning", "warning"], "1 error and 2 warnings in t.yaml"),
    ],
)
def test_several_are_counted(severities, expected):
    diagnostics = [Diagnostic(severity, "FP1", "s", file="t.yaml") for severity in severities]
    assert count_text(diagnostics) == expected


def test_several_files_are_not_named_in_the_count():
    two = [Diagnostic("error", "FP1", "s", file=name) for name in ("a", "b")]
    assert count_text(two) == "2 errors"
