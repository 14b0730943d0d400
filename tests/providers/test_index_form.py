from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError
from flowplan.planner.values import Unknown
from flowplan.providers.index_form import (
    canonical,
    flat_settings,
    flaw_of,
    nested_settings,
    observed_configuration,
    read_configuration,
    unreadable,
)


@pytest.mark.parametrize(
    "written",
    [
        {"number_of_shards": 2, "search": {"idle": {"after": "1s"}}},
        {"index": {"number_of_shards": "2", "search.idle.after": "1s"}},
        {"index.number_of_shards": "2", "index.search": {"idle.after": "1s"}},
    ],
)
def test_settings_have_one_spelling(written: Any) -> None:
    assert canonical({"settings": written})["settings"] == {
        "index": {"number_of_shards": "2", "search": {"idle": {"after": "1s"}}}
    }


@pytest.mark.parametrize(
    ("given", "kept"), [(True, "true"), (0.5, "0.5"), (7, "7"), ("x", "x"), ([1, "a"], ["1", "a"])]
)
def test_values_of_settings_are_texts(given: Any, kept: Any) -> None:
    assert flat_settings({"a": given}) == {"index.a": kept}


def test_a_null_sets_nothing() -> None:
    assert canonical({"settings": {"a": None}, "mappings": None}) == {}


def test_what_is_not_known_yet_is_moved_and_not_looked_into() -> None:
    mark = Unknown("node", "pipeline_id")
    assert nested_settings(flat_settings({"default_pipeline": mark})) == {
        "index": {"default_pipeline": mark}
    }


def test_a_setting_below_another_stands_beside_it() -> None:
    flat = {"index.knn.algo_param.ef_search": "100", "index.knn": "true"}
    assert nested_settings(flat) == {"index": {"knn": "true", "knn.algo_param.ef_search": "100"}}
    assert flat_settings(nested_settings(flat)) == flat


def test_mappings_are_as_the_cluster_shows_them() -> None:
    written = {
        "dynamic": False,
        "properties": {
            "o": {"type": "object", "enabled": "false", "properties": {"p": {"type": "date"}}},
            "e": {"type": "object", "properties": {}},
            "t": {"type": "text", "copy_to": "o", "fields": {"raw": {"type": "keyword"}}},
            "odd": 1,
        },
    }
    assert canonical({"mappings": written})["mappings"] == {
        "dynamic": "false",
        "properties": {
            "o": {"enabled": False, "properties": {"p": {"type": "date"}}},
            "e": {"type": "object"},
            "t": {"type": "text", "copy_to": ["o"], "fields": {"raw": {"type": "keyword"}}},
            "odd": 1,
        },
    }


def test_one_routing_of_an_alias_stands_for_both() -> None:
    made = canonical({"aliases": {"a": {"routing": "1", "is_hidden": True}, "b": None, "c": "x"}})
    both = {"index_routing": "1", "search_routing": "1", "is_hidden": True}
    assert made["aliases"] == {"a": both, "b": {}, "c": "x"}


@pytest.mark.parametrize("value", ["[1]", "{", "1", 7, "[" * 100_000])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        read_configuration(value)
    assert caught.value.diagnostics[0].code == "FP360"


@pytest.mark.parametrize("value", ["[1]", "{", "1", "[" * 100_000])
def test_text_that_is_no_object_is_a_flaw(value: str) -> None:
    flaw = unreadable(value)
    assert flaw is not None
    assert flaw.summary == "configurations is no JSON object"
    assert flaw_of(value) == flaw


@pytest.mark.parametrize(
    "settings",
    [
        {"refresh_interval": "5s", "index.refresh_interval": "9s"},
        {"refresh_interval": "5s", "index": {"refresh_interval": "9s"}},
        {"index": {"knn": True}, "index.knn": False},
        {"a": {"b": 1}, "index.a.b": 2},
        {"a": None, "index.a": 1},
    ],
)
def test_one_setting_with_two_values_is_a_flaw(settings: dict[str, Any]) -> None:
    flaw = flaw_of({"settings": settings})
    assert flaw is not None
    assert "given twice" in flaw.summary
    assert "9s" not in f"{flaw}"


@pytest.mark.parametrize(
    "settings",
    [
        {"refresh_interval": "5s", "index.refresh_interval": "5s"},
        {"knn": True, "index": {"knn": "true"}},
        {"knn": True, "knn.space_type": "l2"},
        {"index": {}},
        None,
        "text",
    ],
)
def test_one_setting_with_one_value_is_none(settings: Any) -> None:
    assert flaw_of({"settings": settings}) is None
    assert flaw_of('{"settings": {"knn": 1, "index.knn": "1"}}') is None


def test_json_text_is_read_and_nothing_is_an_empty_object() -> None:
    assert read_configuration('{"settings": {}}') == {"settings": {}}
    assert read_configuration(None) == {}


DOCUMENT: dict[str, Any] = {
    "aliases": {},
    "mappings": {
        "properties": {
            "mine": {"type": "text"},
            "found": {"type": "date"},
            "closed": {"dynamic": "strict", "properties": {"hand": {"type": "long"}}},
        }
    },
    "settings": {
        "index": {
            "number_of_shards": "1", "uuid": "u", "creation_date": "1", "provided_name": "n",
            "version": {"created": "1"},
        }
    },
}  # fmt: skip


def test_what_changes_by_itself_is_not_observed() -> None:
    seen = observed_configuration(DOCUMENT, None)
    assert seen["settings"] == {"index": {"number_of_shards": "1"}}
    assert list(seen["mappings"]["properties"]) == ["mine", "found", "closed"]


def test_fields_that_documents_may_have_brought_are_not_observed() -> None:
    wanted = {"mappings": {"properties": {"mine": {"type": "text"}, "closed": {}}}}
    seen = observed_configuration(DOCUMENT, wanted)
    assert seen["mappings"]["properties"] == {
        "mine": {"type": "text"},
        "closed": {"dynamic": "strict", "properties": {"hand": {"type": "long"}}},
    }


def test_an_index_that_nobody_described_shows_no_fields_of_documents() -> None:
    assert "mappings" not in observed_configuration(DOCUMENT, {})
