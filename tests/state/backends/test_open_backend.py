from __future__ import annotations

import pytest

from flowplan.errors import StateError
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
    "location", ["postgres://db/x", "postgresql://db", "s3://b/k?region=x", "OpenSearch://h:9200/i"]
)
def test_a_place_of_a_later_version_is_said_to_be_so(location):
    problem = problem_of(location)
    assert problem.code == "FP408"
    assert "yet" in problem.summary


def test_a_place_that_is_none_is_refused():
    problem = problem_of("ftp://ann:s3cret@host/x")
    assert problem.code == "FP409"
    assert "s3cret" not in str(problem)


@pytest.mark.parametrize("location", ["", "file:", "file://", "a\0b"])
def test_a_location_that_names_nothing_is_refused(location):
    assert problem_of(location).code == "FP409"
