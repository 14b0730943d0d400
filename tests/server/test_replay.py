"""Flow Framework's recorded calls are answered alike, and no difference is without its reason."""

from __future__ import annotations

import pytest

from tests.server import __main__ as command
from tests.server.reasons import REASONS
from tests.server.recordings import HERE, SOURCE, trimmed
from tests.server.replay import Outcome, replay
from tests.server.report import filled, share


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    return list(replay(tmp_path_factory.mktemp("replay")))


def test_nine_in_ten_are_equal_in_status_and_shape(outcomes: list[Outcome]) -> None:
    assert len(outcomes) > 290
    assert share(outcomes) >= command.FLOOR


def test_every_difference_has_a_reason(outcomes: list[Outcome]) -> None:
    assert [item for item in outcomes if item.found and item.key not in REASONS] == []


def test_no_reason_is_given_for_a_call_that_is_answered_alike(outcomes: list[Outcome]) -> None:
    assert {item.key for item in outcomes if item.found} == set(REASONS)


def test_the_page_is_what_the_command_would_write(outcomes: list[Outcome]) -> None:
    text = command.PAGE.read_text("utf-8")
    assert text == filled(text, outcomes)


@pytest.mark.skipif(not SOURCE.is_dir(), reason="the recordings are not here")
def test_what_is_replayed_is_what_was_recorded() -> None:
    for name, text in trimmed(SOURCE).items():
        assert (HERE / name).read_text("utf-8") == text
