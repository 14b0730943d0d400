"""New digests for old ones: which value belongs to which, and what becomes of the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from flowplan.errors import StateError
from flowplan.planner.params import Params
from flowplan.planner.rekey import rekey
from flowplan.planner.source import parse_text
from flowplan.planner.template import parse
from flowplan.planner.values import SEAL, Sensitive, is_sealed, seal, seal_at
from flowplan.providers.registry import Registry
from flowplan.state.model import OutputRecord, ResourceRecord, State

OLD, NEW = "aa" * 32, "bb" * 32
KEY = "sk-canary-51c0ffee"
STEPS = Registry()


def template(*nodes: dict[str, Any]):
    text = json.dumps({"name": "chat", "workflows": {"provision": {"nodes": list(nodes)}}})
    found, told = parse(parse_text(text, "template.json", "json"), STEPS)
    assert found is not None, told
    return found


def connector(**inputs: Any) -> dict[str, Any]:
    known = {
        "name": "c",
        "version": "1",
        "protocol": "http",
        "credential": {"key": "${{ key }}"},
        "actions": [{"action_type": "predict", "method": "POST", "url": "https://h.example.org"}],
    }
    return {"id": "c", "type": "create_connector", "user_inputs": {**known, **inputs}}


def recorded(*records: ResourceRecord) -> State:
    return State("lineage", 1, "chat", OLD, resources={item.node: item for item in records})


def record(node: str = "c", type: str = "create_connector", **fields: Any) -> ResourceRecord:
    return ResourceRecord(node, type, "connector_id", f"id-{node}", **fields)


def of(nodes: list[dict[str, Any]], *records: ResourceRecord, key: Any = KEY, force: bool = False):
    params = Params({"key": Sensitive(key)})
    return rekey(template(*nodes), params, STEPS, recorded(*records), NEW, force=force)


SECRET = {"name": "c", "credential": {"key": Sensitive(KEY)}}


def test_digests_of_inputs_are_those_of_the_new_salt():
    made = of([connector()], record(inputs=seal(SECRET, OLD)))
    assert made.state.resources["c"].inputs == seal(SECRET, NEW)
    assert made.state.salt == NEW
    assert (made.digests, made.differing, made.without) == (1, (), ())


def test_all_but_digests_and_salt_stays():
    before = recorded(
        record(inputs={"name": "c", "list": [1, {"a": None}]}, observed={"name": "c"})
    )
    before = replace(before, outputs={"o": OutputRecord("v")}, serial=7)
    made = rekey(template(connector()), Params({"key": KEY}), STEPS, before, NEW, force=False)
    assert made.state == replace(before, salt=NEW)
    assert made.digests == 0


def test_another_value_is_refused_with_its_place_and_without_the_value():
    with pytest.raises(StateError) as caught:
        of([connector()], record(inputs=seal(SECRET, OLD)), key="sk-other")
    problem = caught.value.diagnostics[0]
    assert problem.code == "FP459"
    assert "All don't match" in problem.detail
    assert "c: credential.key" in problem.detail
    assert "sk-" not in str(problem)


def test_it_is_told_how_many_of_all_differ():
    inputs = seal({"credential": {"key": Sensitive("sk-other")}, "name": Sensitive("c")}, OLD)
    with pytest.raises(StateError, match="FP459") as caught:
        of([connector()], record(inputs=inputs))
    assert "1 of 2 don't match" in caught.value.diagnostics[0].detail


def test_forced_the_given_value_is_digested():
    made = of([connector()], record(inputs=seal(SECRET, OLD)), key="sk-other", force=True)
    assert made.differing == ("c: credential.key",)
    wanted = seal({"credential": {"key": Sensitive("sk-other")}}, NEW)
    assert made.state.resources["c"].inputs["credential"] == wanted["credential"]


@pytest.mark.parametrize(
    "nodes",
    [[{"id": "n", "type": "noop"}], [{"id": "c", "type": "noop"}]],
    ids=["the node is gone", "the node is of another type"],
)
def test_a_digest_without_a_value_becomes_one_that_nothing_matches(nodes):
    old = seal(SECRET, OLD)
    made = of(nodes, record(inputs=old))
    new = made.state.resources["c"].inputs
    assert made.without == ("c: credential.key",)
    assert made.digests == 0
    assert is_sealed(new["credential"]["key"])
    assert new not in (old, seal(SECRET, NEW))
    assert of(nodes, record(inputs=old)).state.resources["c"].inputs != new


def test_a_digest_in_a_list_is_found_at_its_place():
    inputs = seal({"actions": [{}, {"body": Sensitive(KEY)}], "x": [Sensitive(KEY)]}, OLD)
    actions = [{"action_type": "predict", "method": "POST", "url": "https://h.example.org"}, {"body": "${{ key }}"}]  # fmt: skip
    made = of([connector(actions=actions)], record(inputs=inputs))
    assert made.without == ("c: x.0",)
    assert made.state.resources["c"].inputs["actions"] == seal({"actions": [{}, {"body": Sensitive(KEY)}]}, NEW)["actions"]  # fmt: skip


def test_a_digest_beyond_the_end_of_a_list_has_no_value():
    inputs = seal({"actions": [{}, {"body": Sensitive(KEY)}]}, OLD)
    assert of([connector()], record(inputs=inputs)).without == ("c: actions.1.body",)


def test_an_object_that_was_a_secret_as_a_whole_is_digested_as_a_whole():
    inputs = {"credential": seal_at({"key": KEY}, frozenset({()}), OLD, ("credential",))}
    made = of([connector()], record(inputs=inputs))
    assert made.state.resources["c"].inputs["credential"] == seal_at({"key": KEY}, frozenset({()}), NEW, ("credential",))  # fmt: skip


def test_keys_within_a_param_that_is_an_object_are_found():
    nodes = [connector(credential={"key": "k"}, parameters="${{ key }}")]
    inputs = seal({"parameters": {"token": Sensitive("t")}}, OLD)
    made = of(nodes, record(inputs=inputs), key={"token": "t"})
    assert made.state.resources["c"].inputs == seal({"parameters": {"token": Sensitive("t")}}, NEW)


def test_a_value_that_is_not_known_before_an_apply_can_not_be_digested():
    model = {
        "id": "m",
        "type": "register_remote_model",
        "previous_node_inputs": {"c": "connector_id"},
        "user_inputs": {"name": "m"},
    }
    inputs = seal({"connector_id": Sensitive("id-c")}, OLD)
    made = of([connector(), model], record("m", "register_remote_model", inputs=inputs))
    assert made.without == ("m: connector_id",)


def test_what_was_read_back_is_digested_from_the_templates_form_of_it():
    described = connector(description="${{ key }}")
    seen = {"name": "c", "description": Sensitive(KEY)}
    made = of([described], record(observed=seal(seen, OLD)))
    assert made.state.resources["c"].observed == seal(seen, NEW)
    assert made.digests == 1


@pytest.mark.parametrize("there", [{"description": "sk-other"}, {"elsewhere": KEY}])
def test_a_read_back_that_the_template_does_not_explain_is_let_go(there):
    seen = {name: Sensitive(value) for name, value in there.items()}
    made = of([connector(description="${{ key }}")], record(observed=seal(seen, OLD)))
    assert made.state.resources["c"].observed is None
    assert (made.differing, made.without) == ((), ())


def test_a_read_back_without_digests_stays_whatever_the_template_says():
    seen = {"name": "other", "list": [{"a": 1}]}
    assert of([connector()], record(observed=seen)).state.resources["c"].observed == seen


def test_a_digest_deep_in_a_list_of_the_read_back_is_seen():
    seen = seal({"list": [1, [Sensitive(KEY)]]}, OLD)
    assert of([connector()], record(observed=seen)).state.resources["c"].observed is None


def test_digests_that_nobody_compares_are_replaced_without_a_word():
    secret = seal({"a": [Sensitive(KEY)], "b": {"c": 1}}, OLD)
    older = record(inputs=secret, outputs=secret, notes=secret).depose()
    made = of([connector()], record(deposed=(older,), notes=secret))
    found = made.state.resources["c"]
    assert (made.differing, made.without, made.digests) == ((), (), 0)
    for tree in (found.notes, *((it.inputs, it.outputs, it.notes) for it in found.deposed)):
        text = json.dumps(tree)
        assert secret["a"][0][SEAL] not in text
        assert SEAL in text
    assert found.notes["b"] == {"c": 1}


def test_outputs_that_a_node_previews_are_digested_from_the_template():
    tool = {
        "id": "t",
        "type": "create_tool",
        "user_inputs": {"type": "ListIndexTool", "parameters": {"token": "${{ key }}"}},
    }
    preview = STEPS.step("create_tool").preview(
        {"type": "ListIndexTool", "parameters": {"token": Sensitive(KEY)}}
    )
    made = of([tool], record("t", "create_tool", outputs=seal(preview, OLD)))
    assert made.state.resources["t"].outputs == seal(preview, NEW)
    assert made.digests >= 1
