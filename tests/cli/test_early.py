"""What is known of a command line before it is parsed."""

from __future__ import annotations

import pytest

from flowplan.cli.early import Early, glance


@pytest.mark.parametrize(
    ("line", "early"),
    [
        ("", Early()),
        ("plan --format json", Early("plan", json=True)),
        ("plan --format=json --format text", Early("plan")),
        ("-v --color always apply", Early("apply", color="always")),
        ("plan --color=never", Early("plan", color="never")),
        ("plan --color always --no-color", Early("plan", color="never")),
        ("plan --json-into a.json", Early("plan", json_into="a.json")),
        ("plan -- --format json", Early("plan")),
        ("plan --format", Early("plan")),
    ],
)
def test_a_glance_sees_how_to_fail(line, early):
    assert glance(line.split()) == early


def test_only_event_streams_fail_on_one_line():
    assert glance(["apply"]).one_line
    assert not glance(["plan"]).one_line
