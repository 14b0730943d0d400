from __future__ import annotations

import sys

import pytest

from flowplan.errors import StateError, UsageError
from flowplan.state.backends import open_backend


def problem_of(location):
    with pytest.raises(StateError) as caught:
        open_backend(location)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize("prefix", ["", "file:", "file://"])
def test_a_path_is_a_local_state(tmp_path, state, prefix):
    open_backend(str(tmp_path / "t.state.json")).save(state(serial=3))
    assert open_backend(f"{prefix}{tmp_path}/t.state.json").load().base_serial == 3


@pytest.mark.parametrize("location", ["file:t.state.json", "t.state.json"])
def test_a_relative_path_is_shown_as_it_was_given(location):
    assert open_backend(location).location == "t.state.json"


def test_opening_makes_nothing(tmp_path):
    open_backend(str(tmp_path / "deep" / "t.state.json"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("postgres://ann:s3cret@db/x?key=chat", "postgres://ann@db/x?key=chat"),
        ("PostgreSQL://db", "postgresql://db"),
        (
            "s3://states/k?region=x&endpoint=http://127.0.0.1:1",
            "s3://states/k?region=x&endpoint=http://127.0.0.1:1",
        ),
        ("OpenSearch://ann:s3cret@127.0.0.1:1/i", "opensearch://127.0.0.1:1/i"),
    ],
)
def test_a_remote_place_is_opened_by_its_kind_and_shown_without_a_password(location, place):
    assert open_backend(location, {}).location == place


@pytest.mark.parametrize(
    ("package", "location"), [("psycopg", "postgres://db/x"), ("boto3", "s3://states/k?region=x")]
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch, package, location
):
    for name in [name for name in sys.modules if name.partition(".")[0] == package] or [package]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StateError) as caught:
        open_backend(location, {}).load()
    problem = caught.value.diagnostics[0]
    assert (problem.code, problem.hint[:21]) == ("FP408", "pip install 'flowplan")


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf", "3601"])
def test_a_lease_of_no_length_is_refused(text):
    with pytest.raises(UsageError, match="FP617"):
        open_backend("postgres://db/x", {"FLOWPLAN_LEASE_SECONDS": text})


def test_a_place_that_is_none_is_refused():
    problem = problem_of("ftp://ann:s3cret@host/x")
    assert problem.code == "FP409"
    assert "s3cret" not in str(problem)


@pytest.mark.parametrize("location", ["", "file:", "file://", "a\0b"])
def test_a_location_that_names_nothing_is_refused(location):
    assert problem_of(location).code == "FP409"
