"""Streams and what may go wrong with them."""

from __future__ import annotations

import errno
import io

import pytest

from flowplan.render.json_text import write_json
from flowplan.render.screen import Screen


class Broken(io.StringIO):
    def write(self, text):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_reader_that_went_away_is_remembered_and_no_error():
    screen = Screen(Broken())
    screen.line("a")
    screen.line("b")
    assert isinstance(screen.failure, BrokenPipeError)


def test_a_pipe_is_80_columns_wide_whatever_the_environment_says():
    assert Screen.of(io.StringIO(), "auto", {"COLUMNS": "200"}).width == 80


@pytest.mark.parametrize(("columns", "width"), [("100", 100), ("500", 120), ("10", 40), ("x", 80)])
def test_a_terminal_has_its_width_within_bounds(columns, width):
    assert Screen.of(Terminal(), "auto", {"COLUMNS": columns}).width == width


def test_ids_are_shortened_on_a_terminal_only():
    long = "cF3IR5QBEpCfUu_-Awd_"
    assert Screen.of(Terminal(), "auto", {}).look().id(long) == "cF3I…d_"
    assert Screen.of(io.StringIO(), "auto", {}).look().id(long) == long


def test_names_are_never_shortened():
    look = Screen.of(Terminal(), "auto", {}).look()
    assert look.id("my-index-with-a-long-name") == "my-index-with-a-long-name"


def test_a_closed_stream_is_no_terminal():
    stream = io.StringIO()
    stream.close()
    assert not Screen.of(stream, "auto", {}).terminal


def test_a_stream_without_an_arrow_gets_an_escape():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    screen = Screen.of(stream, "auto", {})
    screen.line("a → b")
    assert raw.getvalue() == b"a \\u2192 b\n"


def test_json_stays_valid_on_a_stream_without_unicode():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    write_json(Screen.of(stream, "auto", {}), {"a": "é→"})
    assert b'"\\u00e9\\u2192"' in raw.getvalue()


def test_json_is_readable_where_the_stream_has_unicode(screen):
    write_json(screen, {"a": "é→"}, line=True)
    assert screen.stream.getvalue() == '{"a": "é→"}\n'
