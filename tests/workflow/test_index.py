"""Indices and pipelines through all layers but the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowplan.planner.plan import Plan
from flowplan.planner.reconcile import recover
from tests.cutting import Cut
from tests.lab import Lab, actions, change_of

SEARCH: dict[str, Any] = {
    "name": "search",
    "workflows": {
        "provision": {
            "nodes": [
                {
                    "id": "ingest",
                    "type": "create_ingest_pipeline",
                    "user_inputs": {
                        "pipeline_id": "fp-in",
                        "configurations": {
                            "description": "d",
                            "processors": [{"set": {"field": "a", "value": 1.5}}],
                        },
                    },
                },
                {
                    "id": "search",
                    "type": "create_search_pipeline",
                    "user_inputs": {
                        "pipeline_id": "fp-out",
                        "configurations": json.dumps(
                            {"request_processors": [{"filter_query": {"query": {"match_all": {}}}}]}
                        ),
                    },
                },
                {
                    "id": "index",
                    "type": "create_index",
                    "previous_node_inputs": {"ingest": "pipeline_id"},
                    "user_inputs": {
                        "index_name": "fp-docs",
                        "configurations": {
                            "settings": {
                                "number_of_replicas": 0,
                                "index.refresh_interval": "5s",
                                "index": {"default_pipeline": "${{ ingest.pipeline_id }}"},
                            },
                            "mappings": {
                                "dynamic": False,
                                "properties": {
                                    "text": {"type": "text"},
                                    "tag": {"type": "keyword", "ignore_above": 256},
                                },
                            },
                            "aliases": {"fp-alias": {}},
                        },
                    },
                },
            ]
        }
    },
}


@pytest.fixture
def shop(tmp_path: Path) -> Lab:
    """Two pipelines, and an index that uses one of them."""
    lab = Lab(tmp_path, SEARCH)
    lab.params = {}
    return lab


def configuration(lab: Lab, node: str = "index") -> dict[str, Any]:
    found: dict[str, Any] = lab.inputs(node)["configurations"]
    return found


def paths(plan: Plan, node: str) -> dict[str, tuple[Any, Any]]:
    return {
        ".".join(map(str, item.path)).removeprefix("configurations."): (item.before, item.after)
        for item in change_of(plan, node).fields
    }


def settings(lab: Lab) -> Any:
    return lab.request("GET", "/fp-docs")["fp-docs"]["settings"]["index"]


def test_an_apply_makes_index_and_pipelines_and_the_next_plan_is_empty(shop: Lab) -> None:
    summary = shop.apply()
    assert (summary.created, summary.failed) == (3, 0)
    assert shop.ids() == {"ingest": "fp-in", "search": "fp-out", "index": "fp-docs"}
    assert settings(shop)["default_pipeline"] == "fp-in"
    plan = shop.plan()
    assert (plan.empty, plan.drift) == (True, ())


def test_names_are_known_before_anything_is_made(shop: Lab) -> None:
    found = paths(shop.plan(), "index")
    assert found["settings.index.default_pipeline"] == (None, "fp-in")


@pytest.mark.parametrize(
    "again",
    [
        {"index": {"number_of_replicas": "0", "refresh_interval": "5s"}},
        {"index.number_of_replicas": 0, "refresh_interval": "5s"},
    ],
)
def test_another_spelling_of_the_same_is_no_change(shop: Lab, again: Any) -> None:
    shop.apply()
    configuration(shop)["settings"] = {**again, "index.default_pipeline": "fp-in"}
    assert shop.plan().empty
    text = json.dumps(configuration(shop))
    shop.inputs("index")["configurations"] = text
    assert shop.plan().empty


def test_a_dynamic_setting_is_changed_in_place_and_a_dropped_one_reset(shop: Lab) -> None:
    shop.apply()
    configuration(shop)["settings"] = {
        "number_of_replicas": 2, "index.default_pipeline": "fp-in",
    }  # fmt: skip
    plan = shop.plan()
    assert change_of(plan, "index").action == "update"
    assert paths(plan, "index") == {
        "settings.index.number_of_replicas": ("0", "2"),
        "settings.index.refresh_interval": ("5s", None),
    }
    assert shop.apply().updated == 1
    assert settings(shop)["number_of_replicas"] == "2"
    assert "refresh_interval" not in settings(shop)
    assert shop.plan().empty


def test_new_fields_parameters_and_aliases_are_made_in_place(shop: Lab) -> None:
    shop.apply()
    mappings = configuration(shop)["mappings"]
    mappings["properties"]["tag"]["ignore_above"] = 10
    mappings["properties"]["author"] = {"type": "text", "analyzer": "english"}
    configuration(shop)["aliases"] = {"fp-other": {"routing": "1"}}
    assert change_of(shop.plan(), "index").action == "update"
    assert shop.apply().failed == 0
    found = shop.request("GET", "/fp-docs")["fp-docs"]
    assert found["mappings"]["properties"]["tag"]["ignore_above"] == 10
    assert found["mappings"]["properties"]["author"]["analyzer"] == "english"
    assert list(found["aliases"]) == ["fp-other"]
    plan = shop.plan()
    assert (plan.empty, plan.drift) == (True, ())


def changed(what: str, lab: Lab) -> None:
    found = configuration(lab)
    if what == "static":
        found["settings"]["number_of_shards"] = 2
    elif what == "analysis":
        found["settings"]["analysis"] = {"analyzer": {"x": {"type": "standard"}}}
    elif what == "type":
        found["mappings"]["properties"]["tag"]["type"] = "text"
        del found["mappings"]["properties"]["tag"]["ignore_above"]
    elif what == "parameter":
        found["mappings"]["properties"]["text"]["analyzer"] = "english"
    elif what == "field":
        del found["mappings"]["properties"]["text"]
    else:
        lab.inputs("index")["index_name"] = "fp-else"


KINDS = ["static", "analysis", "type", "parameter", "field", "name"]


@pytest.mark.parametrize("what", KINDS)
def test_what_only_a_new_index_takes_is_a_replacement_that_needs_permission(
    shop: Lab, what: str
) -> None:
    shop.apply()
    changed(what, shop)
    plan = shop.plan()
    change = change_of(plan, "index")
    assert (change.action, change.order) == ("replace", "destroy_before_create")
    assert change.blocked == "fp-docs"
    assert "0 documents would be lost" in change.notes
    assert [item.code for item in plan.diagnostics] == ["FP230"]
    allowed = shop.plan(allow_delete=frozenset({"fp-docs"}))
    assert change_of(allowed, "index").blocked is None


@pytest.mark.parametrize("what", KINDS)
def test_an_allowed_replacement_is_deleted_first_and_made_anew(shop: Lab, what: str) -> None:
    shop.apply()
    before = settings(shop)["uuid"]
    changed(what, shop)
    assert shop.apply().replaced == 1
    name = shop.ids()["index"]
    there = shop.request("GET", f"/{name}")[name]
    assert there["settings"]["index"]["uuid"] != before
    rows = shop.request("GET", "/_cat/indices", params={"format": "json"})
    assert [row["index"] for row in rows] == [name]
    assert shop.plan().empty


def test_a_pipeline_is_changed_in_place(shop: Lab) -> None:
    shop.apply()
    configuration(shop, "ingest")["processors"].append({"set": {"field": "b", "value": 2}})
    shop.inputs("search")["configurations"] = {"response_processors": []}
    assert actions(shop.plan()) == {"ingest": "update", "search": "update", "index": "no-op"}
    assert shop.apply().updated == 2
    body = shop.request("GET", "/_search/pipeline/fp-out")["fp-out"]
    assert body == {"response_processors": []}
    assert shop.plan().empty


def test_a_setting_changed_by_hand_is_put_right(shop: Lab) -> None:
    shop.apply()
    shop.request("PUT", "/fp-docs/_settings", {"index.refresh_interval": "1m"})
    plan = shop.plan()
    assert (change_of(plan, "index").action, change_of(plan, "index").reason) == ("update", "drift")
    assert paths(plan, "index") == {"settings.index.refresh_interval": ("1m", "5s")}
    shop.apply()
    assert settings(shop)["refresh_interval"] == "5s"
    plan = shop.plan()
    assert (plan.empty, plan.drift) == (True, ())


def test_a_setting_reset_by_hand_and_an_alias_taken_away_are_put_right(shop: Lab) -> None:
    shop.apply()
    shop.request("PUT", "/fp-docs/_settings", {"index.refresh_interval": None})
    shop.request("DELETE", "/fp-docs/_alias/fp-alias")
    assert shop.apply().updated == 1
    assert settings(shop)["refresh_interval"] == "5s"
    assert "fp-alias" in shop.request("GET", "/fp-docs")["fp-docs"]["aliases"]


def test_what_the_template_does_not_set_is_reported_and_left_alone(shop: Lab) -> None:
    shop.apply()
    shop.request("PUT", "/fp-docs/_settings", {"index.max_result_window": 20})
    shop.request("PUT", "/fp-docs/_mapping", {"properties": {"new": {"type": "date"}}})
    shop.request("PUT", "/fp-docs/_alias/by-hand", {})
    plan = shop.plan()
    assert plan.empty
    assert [item.restored for item in plan.drift] == [False]
    assert {".".join(map(str, item.path)) for item in plan.drift[0].fields} == {
        "configurations.settings.index.max_result_window",
        "configurations.mappings.properties.new.type",
        "configurations.aliases.by-hand",
    }
    shop.inputs("index")["configurations"]["settings"]["number_of_replicas"] = 1
    shop.apply()
    assert settings(shop)["max_result_window"] == "20"


def test_fields_that_documents_may_add_are_no_drift(shop: Lab) -> None:
    del configuration(shop)["mappings"]["dynamic"]
    shop.apply()
    shop.request("PUT", "/fp-docs/_mapping", {"properties": {"new": {"type": "date"}}})
    assert shop.plan().drift == ()


def test_a_pipeline_changed_by_hand_is_put_right(shop: Lab) -> None:
    shop.apply()
    shop.request("PUT", "/_ingest/pipeline/fp-in", {"processors": [{"drop": {}}]})
    assert actions(shop.plan()) == {"ingest": "update", "search": "no-op", "index": "no-op"}
    shop.apply()
    body = shop.request("GET", "/_ingest/pipeline/fp-in")["fp-in"]
    assert body == configuration(shop, "ingest")
    assert shop.plan().empty


@pytest.mark.parametrize(
    ("path", "node"),
    [
        ("/fp-docs", "index"),
        ("/_ingest/pipeline/fp-in", "ingest"),
        ("/_search/pipeline/fp-out", "search"),
    ],
)
def test_what_was_deleted_by_hand_is_made_again(shop: Lab, path: str, node: str) -> None:
    shop.apply()
    shop.request("DELETE", path)
    assert change_of(shop.plan(), node).reason == "drift"
    assert shop.apply().created == 1
    assert shop.plan().empty


@pytest.mark.parametrize(
    ("path", "body", "node"),
    [
        ("/fp-docs", {}, "index"),
        ("/_ingest/pipeline/fp-in", {"processors": []}, "ingest"),
        ("/_search/pipeline/fp-out", {}, "search"),
    ],
)
def test_what_somebody_else_made_is_never_overwritten(
    shop: Lab, path: str, body: Any, node: str
) -> None:
    shop.request("PUT", path, body)
    before = shop.request("GET", path)
    assert shop.apply().failed == 1
    (failed,) = [event for event in shop.events if event.type == "step_failed"]
    assert failed.diagnostic is not None
    assert (failed.node, failed.diagnostic.code) == (node, "FP361")
    assert shop.request("GET", path) == before


def test_destroy_asks_for_permission_for_each(shop: Lab) -> None:
    shop.apply()
    plan = shop.plan(mode="destroy", allow_delete=frozenset({"index", "fp-in"}))
    assert {change.node: change.blocked for change in plan.changes} == {
        "index": None, "ingest": None, "search": "fp-out",
    }  # fmt: skip
    told = [item.summary for item in plan.diagnostics]
    assert told == ["deleting search pipeline fp-out needs permission"]
    assert "0 documents would be lost" in change_of(plan, "index").notes


def test_destroy_leaves_nothing(shop: Lab) -> None:
    shop.apply()
    assert shop.destroy().state == "NOT_STARTED"
    assert shop.request("GET", "/_cat/indices", params={"format": "json"}) == []
    assert shop.request("GET", "/_ingest/pipeline", accept=(404,)) == {}
    assert shop.request("GET", "/_search/pipeline", accept=(404,)) == {}


def test_a_node_that_becomes_another_type_still_needs_permission_to_lose_its_index(
    shop: Lab,
) -> None:
    shop.apply()
    shop.node("index").update({"type": "noop", "user_inputs": {}, "previous_node_inputs": {}})
    assert change_of(shop.plan(), "index").blocked == "fp-docs"


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("part", ["fp-docs", "_ingest/pipeline/fp-in", "_search/pipeline/fp-out"])
def test_a_create_that_was_cut_off_is_neither_lost_nor_refused(
    shop: Lab, cut: Callable[..., None], part: str, after: bool
) -> None:
    cut("PUT", part, after=after)
    with pytest.raises(Cut):
        shop.apply(parallelism=1)
    summary = shop.apply()
    assert summary.failed == 0, [event.diagnostic for event in shop.events]
    plan = shop.plan()
    assert (plan.empty, plan.drift) == (True, ())


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("part", ["_settings", "_mapping", "_aliases"])
def test_an_update_that_was_cut_off_is_finished(
    shop: Lab, cut: Callable[..., None], part: str, after: bool
) -> None:
    shop.apply()
    configuration(shop)["settings"]["number_of_replicas"] = 1
    configuration(shop)["mappings"]["properties"]["new"] = {"type": "date"}
    configuration(shop)["aliases"] = {"fp-new": {}}
    cut("POST" if part == "_aliases" else "PUT", part, after=after)
    with pytest.raises(Cut):
        shop.apply()
    assert shop.apply().failed == 0
    found = shop.request("GET", "/fp-docs")["fp-docs"]
    assert list(found["aliases"]) == ["fp-new"]
    assert "new" in found["mappings"]["properties"]
    assert shop.plan().empty


@pytest.mark.usefixtures("soon")
def test_an_index_that_was_adopted_is_not_replaced_for_what_the_cluster_added(
    shop: Lab, cut: Callable[..., None]
) -> None:
    cut("PUT", "fp-docs", after=True)
    with pytest.raises(Cut):
        shop.apply(parallelism=1)
    recover(shop.workspace())
    change = change_of(shop.plan(), "index")
    assert (change.action, change.fields) == ("update", ())


def test_the_refresh_takes_one_request_a_kind(shop: Lab) -> None:
    one = configuration(shop)
    for number in range(20):
        inputs = {"index_name": f"fp-{number}", "configurations": one}
        shop.nodes.append({"id": f"i{number}", "type": "create_index", "user_inputs": inputs})
    shop.apply()
    shop.plan()
    assert shop.adapter is not None
    counts = shop.adapter.app.counts
    assert counts["GET /{index}"] == 1
    assert counts["GET /_ingest/pipeline/{id}"] == 1


SECRET = "s3cret-7f3a9"


@pytest.mark.parametrize("spelled", ["index.analysis.analyzer.a.type", "analysis"])
def test_a_secret_in_a_setting_is_nowhere_in_the_state_whatever_its_spelling(
    shop: Lab, spelled: str
) -> None:
    shop.template["flowplan"] = {"params": {"word": {"type": "string", "sensitive": True}}}
    shop.params = {"word": SECRET}
    value: Any = "${{ word }}"
    if spelled == "analysis":
        value = {"analyzer": {"a": {"type": value}}}
    configuration(shop)["settings"][spelled] = value
    assert shop.apply().failed == 0
    plan = shop.plan()
    assert (plan.empty, plan.drift) == (True, ())
    shop.request("PUT", "/fp-docs/_settings", {"index.number_of_replicas": 3})
    assert SECRET not in repr(shop.plan())
    for path in shop.directory.glob("t.state.json*"):
        assert SECRET not in path.read_text()


def test_a_secret_in_json_text_is_nowhere_in_the_state(shop: Lab) -> None:
    shop.template["flowplan"] = {"params": {"word": {"type": "string", "sensitive": True}}}
    shop.params = {"word": SECRET}
    shop.inputs("index")["configurations"] = (
        '{"settings": {"number_of_replicas": 0}, "mappings": {"_meta": {"a": "${{ word }}"}}}'
    )
    assert shop.apply().failed == 0
    assert shop.plan().empty
    shop.params = {"word": "another"}
    assert change_of(shop.plan(), "index").action == "update"
    shop.apply()
    assert shop.request("GET", "/fp-docs")["fp-docs"]["mappings"]["_meta"] == {"a": "another"}
    assert SECRET not in (shop.directory / "t.state.json").read_text()
    assert shop.plan().empty


def test_a_change_that_the_plan_took_for_possible_becomes_a_replacement(
    shop: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.apply()
    configuration(shop)["settings"]["number_of_shards"] = 2
    with monkeypatch.context() as patched:
        patched.setattr("flowplan.providers.index.judge_change", lambda *_, **__: "in_place")
        assert shop.apply().failed == 1
        (failed,) = [event for event in shop.events if event.type == "step_failed"]
        assert failed.diagnostic is not None
        assert failed.diagnostic.code == "FP362"
        change = change_of(shop.plan(), "index")
        assert (change.action, change.order, change.blocked) == (
            "replace", "destroy_before_create", "fp-docs",
        )  # fmt: skip
        assert shop.apply().failed == 0
        assert shop.plan().empty


def test_documents_of_an_index_are_counted_in_one_request(shop: Lab) -> None:
    for number in range(5):
        inputs = {"index_name": f"fp-{number}", "configurations": {}}
        shop.nodes.append({"id": f"i{number}", "type": "create_index", "user_inputs": inputs})
    shop.apply()
    shop.plan(mode="destroy")
    assert shop.adapter is not None
    assert shop.adapter.app.counts["GET /{index}/_stats/docs"] == 1


def test_a_plan_without_a_look_at_the_cluster_counts_nothing(shop: Lab) -> None:
    shop.apply()
    plan = shop.plan(mode="destroy", refresh=False)
    assert [change.notes for change in plan.changes] == [(), (), ()]
    assert plan.requests == 0
