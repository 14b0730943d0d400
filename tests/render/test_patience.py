"""The line that goes away."""

from __future__ import annotations

import io
import time

from flowplan.render.patience import patience
from flowplan.render.screen import Screen


def test_a_long_wait_shows_a_line_and_takes_it_away():
    screen = Screen(io.StringIO(), terminal=True)
    with patience(screen, "Looking", after=0.0):
        until = time.monotonic() + 10
        while not screen.stream.getvalue() and time.monotonic() < until:
            time.sleep(0.005)
    assert screen.stream.getvalue() == "Looking\r\x1b[K"


def test_a_short_wait_shows_nothing():
    screen = Screen(io.StringIO(), terminal=True)
    with patience(screen, "Looking"):
        pass
    assert screen.stream.getvalue() == ""


def test_a_pipe_never_sees_it():
    screen = Screen(io.StringIO())
    with patience(screen, "Looking", after=0.0):
        time.sleep(0.02)
    assert screen.stream.getvalue() == ""


def test_quiet_never_sees_it():
    screen = Screen(io.StringIO(), terminal=True)
    with patience(screen, "Looking", quiet=True, after=0.0):
        time.sleep(0.02)
    assert screen.stream.getvalue() == ""
