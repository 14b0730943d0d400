from __future__ import annotations

import pytest

from flowplan.state.migrations import FORMAT_VERSION, MIGRATIONS, migrate


def test_every_older_format_has_a_migration():
    assert sorted(MIGRATIONS) == list(range(1, FORMAT_VERSION))


def test_migrations_are_taken_in_turn():
    steps = {1: lambda d: {**d, "path": "b"}, 2: lambda d: {**d, "path": d["path"] + "c"}}
    assert migrate({"format_version": 1}, 1, steps, 3) == {"format_version": 3, "path": "bc"}


def test_a_gap_is_refused_before_any_step():
    taken = []
    steps = {1: lambda d: taken.append(1) or d}
    with pytest.raises(LookupError, match="from format 2 to 3"):
        migrate({}, 1, steps, 3)
    assert taken == []


def test_a_current_document_is_left_alone():
    document = {"format_version": 2}
    assert migrate(document, 2, {}, 2) is document
