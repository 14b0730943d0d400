from __future__ import annotations

import json
from typing import Any

import pytest

from flowplan.errors import StateError
from flowplan.state.lines import frame, unframe

ENTRIES: tuple[dict[str, Any], ...] = (
    {"kind": "header"},
    {"kind": "put", "n": 1},
    {"kind": "drop", "node": "ö"},
)
JOURNAL = b"".join(frame(entry) for entry in ENTRIES)


def test_entries_come_back_in_order():
    lines = unframe(JOURNAL, "j")
    assert lines.entries == ENTRIES
    assert not lines.torn


def test_a_line_is_json_that_other_tools_can_read():
    assert json.loads(frame({"a": 1}))["a"] == 1


def test_a_last_line_torn_at_any_byte_is_dropped():
    whole = len(JOURNAL) - len(frame(ENTRIES[2]))
    for end in range(whole + 1, len(JOURNAL)):
        lines = unframe(JOURNAL[:end], "j")
        assert (lines.entries, lines.torn) == (ENTRIES[:2], True), end


def test_a_last_line_that_is_cut_off_whole_leaves_no_trace():
    lines = unframe(JOURNAL[: -len(frame(ENTRIES[2]))], "j")
    assert (lines.entries, lines.torn) == (ENTRIES[:2], False)


def test_garbage_in_the_last_line_is_dropped():
    assert unframe(JOURNAL + b"\0" * 40, "j").torn
    assert unframe(JOURNAL + b"\xff{}\n", "j").entries == ENTRIES


def test_every_flipped_byte_of_the_last_line_is_noticed():
    start = len(JOURNAL) - len(frame(ENTRIES[2]))
    for at in range(start, len(JOURNAL) - 1):
        damaged = bytearray(JOURNAL)
        damaged[at] ^= 1
        assert unframe(bytes(damaged), "j").entries == ENTRIES[:2], at


def test_damage_before_the_last_line_is_refused_with_its_line():
    damaged = bytearray(JOURNAL)
    damaged[len(frame(ENTRIES[0])) + 3] ^= 1
    with pytest.raises(StateError) as caught:
        unframe(bytes(damaged), "t.journal")
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP411"
    assert problem.summary == "t.journal is damaged at line 2"


def test_damage_before_an_unfinished_line_is_refused():
    damaged = JOURNAL[:-3] + b"\n" + JOURNAL[:5]
    with pytest.raises(StateError, match="damaged at line 3"):
        unframe(damaged, "t.journal")


@pytest.mark.parametrize("data", [b"", b"{", b"\n", frame(ENTRIES[0])[:-2]])
def test_a_journal_without_a_whole_header_is_refused(data):
    with pytest.raises(StateError, match="damaged at line 1"):
        unframe(data, "t.journal")


def test_a_right_checksum_over_something_else_is_no_entry():
    from zlib import crc32

    for body in (b"[1}", b'["a"}'):
        line = body[:-1] + b',"crc":"%08x"}\n' % crc32(body)
        with pytest.raises(StateError):
            unframe(line + JOURNAL, "j")
