from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused

BODIES: dict[str, dict[str, Any]] = {
    "create_ingest_pipeline": {
        "description": "d",
        "version": 3,
        "processors": [{"set": {"field": "a", "value": 1.5}}],
    },
    "create_search_pipeline": {
        "request_processors": [{"filter_query": {"query": {"match_all": {}}}}],
    },
}


@pytest.fixture(params=sorted(BODIES))
def type_(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def made(bench: Any, type_: str) -> Any:
    inputs = {"pipeline_id": f"fp {bench.tag}", "configurations": BODIES[type_], "model_id": "m"}
    return bench.create(type_, inputs, {"existed": False})


def test_a_pipeline_is_named_by_its_name_and_kept_as_posted(bench: Any, made: Any) -> None:
    assert made.outputs == {"pipeline_id": made.resource_id}
    assert bench.seen(made).fields == bench.step(made.type).expect(made.inputs)


def test_json_text_makes_the_same_pipeline(bench: Any, type_: str) -> None:
    text = '{"description": "x", "processors": []}'
    if type_ == "create_search_pipeline":
        text = '{"description": "x"}'
    inputs = {"pipeline_id": f"fp-{bench.tag}", "configurations": text}
    made = bench.create(type_, inputs, {"existed": False})
    assert bench.seen(made).fields["configurations"]["description"] == "x"


def test_which_are_there_is_asked_once_for_all(bench: Any, made: Any) -> None:
    before = bench.connection.request_count
    wanted = {
        "a": {"pipeline_id": made.resource_id},
        "b": {"pipeline_id": "fp-none"},
        "c": {"configurations": {}},
    }
    notes = bench.step(made.type).prepare(bench.cluster(), wanted, frozenset())
    assert notes == {"a": {"existed": True}, "b": {"existed": False}}
    assert bench.connection.request_count == before + 1
    assert bench.step(made.type).prepare(bench.cluster(), {"c": {}}, frozenset()) == {}


@pytest.mark.parametrize("notes", [{}, {"existed": True}])
def test_a_pipeline_that_is_there_is_not_overwritten(bench: Any, made: Any, notes: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        bench.create(made.type, {**made.inputs, "configurations": {"processors": []}}, notes)
    assert caught.value.diagnostics[0].code == "FP361"
    assert bench.seen(made).fields["configurations"] == made.inputs["configurations"]


def test_a_pipeline_that_was_deleted_since_it_was_looked_for_is_made(bench: Any, made: Any) -> None:
    bench.delete(made)
    again = bench.create(made.type, made.inputs, {"existed": True})
    assert bench.seen(again) is not None


@pytest.mark.parametrize("name", ["fp-*", "a,b"])
def test_a_name_that_stands_for_several_is_refused(bench: Any, type_: str, name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        bench.create(type_, {"pipeline_id": name, "configurations": {}})
    assert caught.value.diagnostics[0].code == "FP364"


def test_a_body_is_changed_in_place_as_a_whole(bench: Any, made: Any) -> None:
    body: dict[str, Any] = {"description": "new"}
    if made.type == "create_ingest_pipeline":
        body["processors"] = []
    bench.update(made, configurations=body)
    assert bench.seen(made).fields["configurations"] == body


def test_a_body_that_is_refused_is_told_in_the_words_of_the_cluster(bench: Any, made: Any) -> None:
    body = {**made.inputs["configurations"], "_meta": {"a": 1}}
    with pytest.raises(Refused) as caught:
        bench.update(made, configurations=body)
    assert "_meta" in caught.value.reason


def test_a_pipeline_that_vanished_is_said_to_be_gone(bench: Any, made: Any) -> None:
    bench.delete(made)
    with pytest.raises(ProviderError) as caught:
        bench.update(made, configurations=made.inputs["configurations"])
    assert caught.value.diagnostics[0].code == "FP337"


def test_many_are_read_in_one_request_and_missing_ones_are_gone(bench: Any, made: Any) -> None:
    before = bench.connection.request_count
    found = bench.step(made.type).fetch(bench.cluster(), [made.resource_id, "fp-none"])
    assert bench.connection.request_count == before + 1
    assert found == {made.resource_id: made.inputs["configurations"], "fp-none": None}


def test_none_of_them_there_is_no_mistake(bench: Any, type_: str) -> None:
    assert bench.step(type_).fetch(bench.cluster(), ["fp-none"]) == {"fp-none": None}


def test_deleting_twice_is_no_mistake(bench: Any, made: Any) -> None:
    bench.delete(made)
    bench.delete(made)
    assert bench.seen(made) is None


def test_a_pipeline_whose_answer_was_lost_is_found_by_name(bench: Any, made: Any) -> None:
    step, wish = bench.step(made.type), bench.wish(made)
    (found,) = step.find(bench.cluster(), wish)
    assert (found.resource_id, found.fields) == (made.resource_id, wish.expected)
    bench.delete(made)
    assert step.find(bench.cluster(), wish) == ()
    wish.expected = {}
    assert step.find(bench.cluster(), wish) == ()
