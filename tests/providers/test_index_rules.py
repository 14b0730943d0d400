from __future__ import annotations

from typing import Any

import pytest

from flowplan.providers.index_rules import judge_change

RECORDED: dict[str, Any] = {
    "settings": {"index": {"number_of_replicas": "1"}},
    "mappings": {
        "dynamic": "false",
        "properties": {
            "text": {"type": "text", "fields": {"raw": {"type": "keyword"}}, "store": False},
            "object": {"dynamic": "strict", "properties": {"date": {"type": "date"}}},
        },
    },
}


def judged(path: str, after: Any = "x", *, removed: bool = False, before: Any = None) -> str:
    parts = tuple(int(part) if part.isdigit() else part for part in path.split("/"))
    return judge_change(parts, before, after, removed=removed, recorded=RECORDED)


@pytest.mark.parametrize(
    "name",
    ["number_of_replicas", "refresh_interval", "search/idle/after", "blocks/write", "some/plugin",
     "query/default_field/0"],
)  # fmt: skip
def test_dynamic_settings_are_set_and_reset_in_place(name: str) -> None:
    assert judged(f"settings/index/{name}") == "in_place"
    assert judged(f"settings/index/{name}", removed=True) == "in_place"


@pytest.mark.parametrize(
    "name",
    ["number_of_shards", "codec", "knn", "analysis/analyzer/a/type", "similarity/default/type",
     "sort/field/0", "analysis", "mapping/ignore_malformed"],
)  # fmt: skip
def test_static_settings_need_a_new_index(name: str) -> None:
    assert judged(f"settings/index/{name}") == "replace"
    assert judged(f"settings/index/{name}", removed=True) == "replace"


@pytest.mark.parametrize(
    "path",
    ["new/type", "new/analyzer", "new/properties/x/type", "text/fields/other/type",
     "object/properties/new/type", "object/properties/new/format"],
)  # fmt: skip
def test_a_new_field_is_added_whatever_it_is_like(path: str) -> None:
    assert judged(f"mappings/properties/{path}") == "in_place"


@pytest.mark.parametrize(
    "path",
    ["text/type", "text/analyzer", "text/fields/raw/type", "object/properties/date/format",
     "object/enabled"],
)  # fmt: skip
def test_an_old_field_keeps_its_type_and_most_of_its_parameters(path: str) -> None:
    assert judged(f"mappings/properties/{path}") == "replace"


@pytest.mark.parametrize("path", ["text/type", "text/fields/raw/type", "object/properties/date"])
def test_a_field_can_not_be_taken_away(path: str) -> None:
    assert judged(f"mappings/properties/{path}", removed=True) == "replace"


def test_all_fields_can_not_be_taken_away() -> None:
    assert judged("mappings/properties", removed=True) == "replace"
    assert judged("mappings/properties") == "in_place"


@pytest.mark.parametrize("name", ["ignore_above", "copy_to/0", "coerce", "search_analyzer"])
def test_some_parameters_are_changed_and_taken_away_in_place(name: str) -> None:
    assert judged(f"mappings/properties/text/{name}") == "in_place"
    assert judged(f"mappings/properties/text/{name}", removed=True) == "in_place"


def test_norms_can_only_be_switched_off() -> None:
    assert judged("mappings/properties/text/norms", after=False) == "in_place"
    assert judged("mappings/properties/text/norms", after=True) == "replace"
    assert judged("mappings/properties/text/norms", removed=True) == "replace"


def test_a_default_that_the_cluster_does_not_show_is_no_change_of_a_field() -> None:
    assert judged("mappings/properties/text/store", after=False) == "in_place"
    assert judged("mappings/properties/text/store", after=True) == "replace"


def test_whether_an_object_takes_new_fields_is_set_in_place_and_stays_when_it_is_dropped() -> None:
    assert judged("mappings/properties/object/dynamic", after="false") == "in_place"
    assert judged("mappings/properties/object/dynamic", removed=True) == "keep"


@pytest.mark.parametrize("name", ["dynamic", "_meta", "_meta/a", "dynamic_templates/0/x/match"])
def test_what_is_about_the_mappings_as_a_whole_is_set_and_reset_in_place(name: str) -> None:
    assert judged(f"mappings/{name}") == "in_place"
    assert judged(f"mappings/{name}", removed=True) == "in_place"


def test_date_formats_stay_when_they_are_dropped() -> None:
    assert judged("mappings/dynamic_date_formats/0") == "in_place"
    assert judged("mappings/dynamic_date_formats", removed=True) == "keep"


@pytest.mark.parametrize("name", ["_source/enabled", "_routing/required"])
def test_what_only_a_new_index_takes_needs_one(name: str) -> None:
    assert judged(f"mappings/{name}") == "replace"


@pytest.mark.parametrize("path", ["aliases/a", "aliases/a/routing", "settings", "other/thing"])
def test_the_rest_is_left_to_the_cluster(path: str) -> None:
    assert judged(path) == "in_place"


@pytest.mark.parametrize(
    ("path", "before", "verdict"),
    [
        ("settings", {"index": {"refresh_interval": "1s", "codec": "x"}}, "replace"),
        ("settings", {"index": {"refresh_interval": "1s"}}, "in_place"),
        ("mappings", RECORDED["mappings"], "replace"),
        ("mappings", {"dynamic": "false", "dynamic_date_formats": ["x"]}, "in_place"),
        ("mappings", {"dynamic_date_formats": ["x"]}, "keep"),
        ("mappings/properties/text", RECORDED["mappings"]["properties"]["text"], "replace"),
        ("aliases", {"a": {}}, "in_place"),
        ("mappings/_meta", {}, "in_place"),
    ],
)
def test_of_a_part_that_is_taken_away_the_hardest_leaf_decides(
    path: str, before: Any, verdict: str
) -> None:
    assert judged(path, None, removed=True, before=before) == verdict
