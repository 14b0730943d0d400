from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import InUse, ProviderError, Refused

CONFIGURATION: dict[str, Any] = {
    "settings": {"number_of_replicas": 0, "index.refresh_interval": "5s"},
    "mappings": {
        "dynamic": False,
        "_meta": {"made": "by a test"},
        "properties": {
            "text": {"type": "text", "index": True},
            "tag": {"type": "keyword", "ignore_above": 256, "copy_to": "text"},
            "sub": {"type": "object", "properties": {"n": {"type": "integer"}}},
        },
    },
    "aliases": {},
}


@pytest.fixture
def name(bench: Any) -> str:
    return f"fp-{bench.tag}"


@pytest.fixture
def made(bench: Any, name: str) -> Any:
    aliases = {f"{name}-alias": {"routing": "1"}}
    return bench.create(
        "create_index",
        {"index_name": name, "configurations": {**CONFIGURATION, "aliases": aliases}},
    )


def there(bench: Any, name: str) -> Any:
    return bench.raw("GET", f"/{name}")[name]


def changed(bench: Any, made: Any, **sections: Any) -> None:
    bench.update(made, configurations={**made.inputs["configurations"], **sections})


def code_of(error: ProviderError) -> str:
    return error.diagnostics[0].code


def test_an_index_is_made_as_written_and_named_by_its_name(
    bench: Any, made: Any, name: str
) -> None:
    assert (made.resource_id, made.outputs) == (name, {"index_name": name})
    assert bench.records == [{"resource_id": name}]
    assert list(there(bench, name)["aliases"]) == [f"{name}-alias"]


def test_everything_that_was_wanted_is_observed(bench: Any, made: Any) -> None:
    wanted = bench.step("create_index").expect(made.inputs)["configurations"]
    seen = bench.seen(made).fields["configurations"]
    assert wanted["settings"]["index"].items() <= seen["settings"]["index"].items()
    # A default that is written out is not shown.
    del wanted["mappings"]["properties"]["text"]["index"]
    assert (seen["mappings"], seen["aliases"]) == (wanted["mappings"], wanted["aliases"])


def test_json_text_makes_the_same_index(bench: Any, name: str) -> None:
    text = '{"settings": {"number_of_replicas": "0"}}'
    bench.create("create_index", {"index_name": name, "configurations": text})
    assert there(bench, name)["settings"]["index"]["number_of_replicas"] == "0"


def test_an_index_that_is_there_is_not_overwritten(bench: Any, made: Any, name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        bench.create("create_index", {"index_name": name, "configurations": {}})
    assert code_of(caught.value) == "FP361"
    assert name in caught.value.diagnostics[0].summary


def test_a_name_that_the_cluster_refuses_is_told_in_its_words(bench: Any) -> None:
    with pytest.raises(Refused) as caught:
        bench.create("create_index", {"index_name": "UPPER", "configurations": {}})
    assert "lowercase" in caught.value.reason


def test_many_are_read_in_one_request_and_missing_ones_are_gone(
    bench: Any, made: Any, name: str
) -> None:
    before = bench.connection.request_count
    found = bench.step("create_index").fetch(bench.cluster(), [name, f"{name}-none"])
    assert bench.connection.request_count == before + 1
    assert found[name] is not None
    assert found[f"{name}-none"] is None


def test_an_alias_is_not_taken_for_an_index(bench: Any, made: Any, name: str) -> None:
    alias = f"{name}-alias"
    assert bench.step("create_index").fetch(bench.cluster(), [alias]) == {alias: None}


def test_settings_are_set_and_reset_in_place(bench: Any, made: Any, name: str) -> None:
    changed(bench, made, settings={"number_of_replicas": 1})
    found = there(bench, name)["settings"]["index"]
    assert found["number_of_replicas"] == "1"
    assert "refresh_interval" not in found


def test_fields_are_added_and_parameters_changed_and_dropped(
    bench: Any, made: Any, name: str
) -> None:
    mappings = {
        "properties": {
            "text": {"type": "text"},
            "tag": {"type": "keyword", "ignore_above": 10},
            "sub": {"dynamic": "strict", "properties": {"m": {"type": "date"}}},
            "new": {"type": "text", "analyzer": "english"},
        }
    }
    changed(bench, made, mappings=mappings)
    found = there(bench, name)["mappings"]
    assert (found["dynamic"], found["_meta"]) == ("true", {})
    assert found["properties"]["tag"] == {"type": "keyword", "ignore_above": 10}
    assert found["properties"]["new"]["analyzer"] == "english"
    assert found["properties"]["sub"] == {
        "dynamic": "strict",
        "properties": {"m": {"type": "date"}, "n": {"type": "integer"}},
    }


def test_aliases_are_added_changed_and_taken_away(bench: Any, made: Any, name: str) -> None:
    bench.raw("POST", "/_aliases", body={"actions": [{"add": {"index": name, "alias": "by-hand"}}]})
    changed(bench, made, aliases={f"{name}-alias": {"routing": "2"}, f"{name}-new": {}})
    both = {"index_routing": "2", "search_routing": "2"}
    found = there(bench, name)["aliases"]
    assert found == {f"{name}-alias": both, f"{name}-new": {}, "by-hand": {}}
    changed(bench, made, aliases={})
    assert list(there(bench, name)["aliases"]) == ["by-hand"]


def test_an_update_without_a_difference_sends_nothing(bench: Any, made: Any) -> None:
    before = bench.connection.request_count
    bench.update(made, configurations=made.inputs["configurations"])
    assert bench.connection.request_count <= before + 3


@pytest.mark.parametrize(
    "sections",
    [
        {"settings": {"number_of_shards": 2}},
        {"settings": {"analysis": {"analyzer": {"a": {"type": "standard"}}}}},
        {"mappings": {"properties": {"tag": {"type": "text"}}}},
        {"mappings": {"properties": {"text": {"type": "text", "analyzer": "english"}}}},
        {"settings": {"nope": 1}},
    ],
)
def test_what_only_a_new_index_takes_is_refused(bench: Any, made: Any, sections: Any) -> None:
    with pytest.raises(InUse) as caught:
        changed(bench, made, **sections)
    assert code_of(caught.value) == "FP362"


def test_an_index_that_vanished_is_said_to_be_gone(bench: Any, made: Any, name: str) -> None:
    bench.raw("DELETE", f"/{name}")
    with pytest.raises(ProviderError) as caught:
        changed(bench, made, settings={"number_of_replicas": 1})
    assert code_of(caught.value) == "FP337"


def test_deleting_twice_is_no_mistake(bench: Any, made: Any) -> None:
    bench.delete(made)
    bench.delete(made)
    assert bench.seen(made) is None


def test_what_would_be_lost_is_counted(bench: Any, made: Any, name: str) -> None:
    losses = bench.step("create_index").losses(bench.cluster(), [name, f"{name}-none"])
    assert losses == {name: "0 documents would be lost"}


def test_an_index_whose_answer_was_lost_is_found_by_name(bench: Any, made: Any, name: str) -> None:
    (found,) = bench.step("create_index").find(bench.cluster(), bench.wish(made))
    assert found.resource_id == name
    assert found.fields == bench.step("create_index").expect(made.inputs)
    assert found.created is not None


@pytest.mark.parametrize(
    "other",
    [
        {"settings": {"number_of_replicas": 3}},
        {"mappings": {"properties": {"tag": {"type": "text"}}}},
        {"aliases": {"elsewhere": {}}},
    ],
)
def test_another_index_of_that_name_is_not_the_wanted_one(
    bench: Any, made: Any, other: Any
) -> None:
    wish = bench.wish(made)
    wish.expected["configurations"] = {**wish.expected["configurations"], **other}
    wish.expected = dict(bench.step("create_index").expect(wish.expected))
    (found,) = bench.step("create_index").find(bench.cluster(), wish)
    assert found.fields["configurations"] != wish.expected["configurations"]


def test_nothing_is_found_where_there_is_nothing(bench: Any, made: Any) -> None:
    wish = bench.wish(made)
    bench.delete(made)
    step = bench.step("create_index")
    assert step.find(bench.cluster(), wish) == ()
    wish.expected = {"configurations": {}}
    assert step.find(bench.cluster(), wish) == ()
