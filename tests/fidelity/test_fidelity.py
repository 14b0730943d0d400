"""The sandbox answers at least 95 % of what was recorded alike, and no difference is without reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fidelity import __main__ as command
from tests.fidelity.outcomes import (
    RECORDINGS,
    Outcome,
    bare,
    of_conversations,
    of_recordings,
    share,
    share_in_shape,
)
from tests.fidelity.reasons import REASONS
from tests.fidelity.report import page

recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")


@pytest.fixture(scope="module")
def conversations(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    return list(of_conversations(tmp_path_factory.mktemp("conversations")))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    return list(of_recordings(RECORDINGS, tmp_path_factory.mktemp("recordings") / "sandbox.db"))


def test_the_conversations_are_answered_as_the_node_did(conversations: list[Outcome]) -> None:
    assert len(conversations) > 1000
    assert [outcome for outcome in conversations if outcome.found] == []


@recorded
def test_the_recordings_are_answered_alike_but_for_few(recordings: list[Outcome]) -> None:
    assert len(recordings) > 300
    assert share(recordings) >= command.FLOOR


@recorded
def test_status_and_shape_are_alike_without_any_call_put_back(tmp_path: Path) -> None:
    assert share_in_shape(bare(RECORDINGS, tmp_path / "bare.db")) >= command.FLOOR


@recorded
def test_every_difference_has_a_reason(recordings: list[Outcome]) -> None:
    assert [item for item in recordings if item.found and item.reason is None] == []


@recorded
def test_no_reason_is_given_for_a_call_that_is_answered_alike(recordings: list[Outcome]) -> None:
    assert {item.key for item in recordings if item.found} == set(REASONS)


@recorded
def test_no_family_but_the_cluster_falls_below_nine_in_ten(recordings: list[Outcome]) -> None:
    families = {item.family for item in recordings} - {"cluster"}
    assert len(families) == 8
    for name in families:
        assert share([item for item in recordings if item.family == name]) >= 0.9, name


@recorded
def test_the_page_is_what_the_command_would_write(
    recordings: list[Outcome], conversations: list[Outcome], tmp_path: Path
) -> None:
    wanted = page(recordings, conversations, bare(RECORDINGS, tmp_path / "bare.db"))
    assert command.PAGE.read_text("utf-8") == wanted


def test_the_committed_page_names_no_folder_of_a_machine() -> None:
    text = command.PAGE.read_text("utf-8")
    assert "/home/" not in text
    assert "shared" not in text
    assert "transcript" not in text
