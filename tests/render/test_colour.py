"""Who decides about colour."""

from __future__ import annotations

import pytest

from flowplan.render.colour import paint, wants_colour


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("auto", {"TERM": "dumb"}, True, False),
    ],
)
def test_the_flag_beats_the_environment_beats_the_terminal(choice, environ, terminal, wanted):
    assert wants_colour(choice, environ, terminal=terminal) is wanted


def test_without_colour_text_is_untouched():
    assert paint("bold red", "x", colour=False) == "x"


def test_with_colour_it_is_reset_at_the_end():
    assert paint("bold red", "x", colour=True) == "\x1b[1;31mx\x1b[0m"
