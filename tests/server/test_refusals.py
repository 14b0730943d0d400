"""What is refused, with Flow Framework's words where it has any."""

from __future__ import annotations

from typing import Any

import pytest

from flowplan.server import ServeSettings
from flowplan.server.runs import Run
from tests.server.bench import Bench
from tests.server.templates import chat


def node(id: str, type: str = "noop", **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": type, **rest}


def template(*nodes: Any, edges: list[Any] | None = None, **rest: Any) -> dict[str, Any]:
    workflow: dict[str, Any] = {"nodes": list(nodes)}
    if edges is not None:
        workflow["edges"] = edges
    return {"name": "t", "workflows": {"provision": workflow}, **rest}


def edge(source: str, dest: str) -> dict[str, str]:
    return {"source": source, "dest": dest}


GRAMMAR = [
    ({}, "A template object requires a name."),
    ({"name": 1}, "A template object requires a name."),
    ({"name": "t", "bogus": 1}, "Unable to parse field [bogus] in a template object."),
    ({"name": "t", "version": {"x": 1}}, "Unable to parse field [x] in a version object."),
    ({"name": "t", "workflows": []}, "Unable to parse field [workflows] in a template object."),
    ({"name": "t", "workflows": {"p": 1}}, "Unable to parse field [p] in a template object."),
    (template(), "A workflow must have at least one node."),
    (template(1), "An node object requires both an id and type field."),
    (template({"id": "a"}), "An node object requires both an id and type field."),
    (template(node("a", bogus=1)), "Unable to parse field [bogus] in a node object."),
    (
        template(node("a", user_inputs={"delay": None})),
        "Unable to parse field [delay] in a node object.",
    ),
    (template(node("a", user_inputs=1)), "Unable to parse field [user_inputs] in a node object."),
    (
        template(node("a"), edges=[{"source": "a"}]),
        "An edge object requires both a source and dest field.",
    ),
    (template(node("a"), edges=[1]), "An edge object requires both a source and dest field."),
    (
        template(node("a"), edges=[{**edge("a", "a"), "x": 1}]),
        "Unable to parse field [x] in an edge object.",
    ),
    ([], "IOException: template content invalid for specified Content-Type."),
]
GRAPH = [
    (template(node("a"), node("a")), 400, "Duplicate node id a."),
    (
        template(node("a"), edges=[edge("c", "a")]),
        400,
        "Edge source c does not correspond to a node.",
    ),
    (
        template(node("a"), edges=[edge("a", "c")]),
        400,
        "Edge destination c does not correspond to a node.",
    ),
    (template(node("a"), edges=[edge("a", "a")]), 400, "Edge connects node a to itself."),
    (
        template(node("a"), node("b"), edges=[edge("a", "b"), edge("b", "a")]),
        400,
        "No start node detected: all nodes have a predecessor.",
    ),
    (
        template(
            node("s"), node("a"), node("b"),
            edges=[edge("s", "a"), edge("a", "b"), edge("b", "a")],
        ),
        400,
        "Cycle detected: [a->b, b->a]",
    ),
    (template(node("a", "nope")), 501, "Workflow step type [nope] is not implemented."),
    (
        template(node("a", "delete_index")),
        403,
        "The step type [delete_index] for node [a] can not be used in a workflow.",
    ),
    (
        template(node("a", "register_model_group")),
        400,
        "Invalid workflow, node [a] missing the following required inputs : [name]",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "text"), GRAMMAR)
@pytest.mark.parametrize("query", ["", "?validation=none"])
def test_what_can_not_be_parsed_is_refused_whatever_validation_says(
    bench: Bench, sent: object, text: str, query: str
) -> None:
    assert bench.ask("POST", query, sent) == (400, {"error": text})


@pytest.mark.parametrize(("sent", "status", "text"), GRAPH)
def test_a_graph_that_can_not_be_run_is_refused(
    bench: Bench, sent: object, status: int, text: str
) -> None:
    assert bench.ask("POST", "", sent) == (status, {"error": text})


@pytest.mark.parametrize(("sent", "status", "text"), GRAPH)
def test_without_validation_it_is_kept_and_refused_when_it_is_to_run(
    bench: Bench, sent: object, status: int, text: str
) -> None:
    workflow = bench.create(sent, "validation=none")
    assert bench.ask("POST", f"{workflow}/_provision") == (status, {"error": text})


def test_a_value_of_a_wrong_type_is_told_with_node_reason_and_code(bench: Bench) -> None:
    status, body = bench.ask("POST", "", chat(actions="none"))
    assert status == 400
    assert body["error"].startswith("connector: `actions` must be")
    assert "(FP108)" in body["error"]


@pytest.mark.parametrize(
    "text", ["{nope", "", '{"name": "a", "name": "b"}', "\xff", '{"name": ' + "[" * 5000]
)
def test_a_body_that_is_no_template_is_refused(bench: Bench, text: str) -> None:
    status, body = bench.ask("POST", "", text.encode("latin-1"))
    assert status == 400
    assert body["error"].startswith(
        "IOException: template content invalid for specified Content-Type."
    )


@pytest.mark.parametrize(
    ("method", "query", "text"),
    [
        ("POST", "bogus=1", "Only the parameters [use_case, pretty, workflow_id, provision,"),
        ("POST", "reprovision=true", "You can not use the reprovision parameter to create a new"),
        ("POST", "use_case=nope", "Unable to find substitution ready file for use case: nope."),
        ("PUT", "provision=true&update_fields=true", "You can not use both the provision and"),
        (
            "POST",
            "wait_for_completion_timeout=1s",
            "Request parameter 'wait_for_completion_timeout' is not allowed unless the 'provision'",
        ),
        (
            "POST",
            "provision=true&wait_for_completion_timeout=soon",
            "failed to parse setting [wait_for_completion_timeout] with value [soon] as a time",
        ),
        (
            "POST",
            "provision=maybe",
            "Failed to parse value [maybe] as only [true] or [false] are allowed.",
        ),
    ],
)
def test_switches_that_make_no_sense_are_refused(
    bench: Bench, method: str, query: str, text: str
) -> None:
    workflow = bench.create(chat()) if method == "PUT" else ""
    status, body = bench.ask(method, f"{workflow}?{query}", chat())
    assert status == 400
    assert body["error"].startswith(text)


def test_a_template_with_nothing_to_provision_is_kept_and_not_provisioned(bench: Bench) -> None:
    workflow = bench.create({"name": "only-name"})
    status, body = bench.ask("POST", f"{workflow}/_provision")
    assert status == 400
    assert "no workflow `provision`" in body["error"]


def test_a_deprovision_while_it_is_provisioned_is_refused(tmp_path: Any) -> None:
    with Bench(tmp_path, "latency=100ms") as bench:
        workflow = bench.create(chat(), "provision=true")
        for path in (f"{workflow}/_deprovision", f"{workflow}/_provision"):
            status, body = bench.ask("POST", path)
            assert status == (409 if "_dep" in path else 400), body
        assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "PROVISIONING"
        bench.settle()
        assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "COMPLETED"


def test_one_workflow_more_than_allowed_is_refused(tmp_path: Any) -> None:
    with Bench(tmp_path, settings=ServeSettings(max_workflows=1)) as bench:
        bench.create(chat())
        text = "Maximum workflows limit reached: 1"
        assert bench.ask("POST", "", chat()) == (400, {"error": text})


def test_one_run_more_than_may_wait_is_refused_and_leaves_no_trace(tmp_path: Any) -> None:
    with Bench(tmp_path, "latency=100ms", settings=ServeSettings(runs=1, waiting=0)) as bench:
        bench.create(chat(), "provision=true")
        second = bench.create(chat("second"))
        text = "Exceeded max simultaneous provisioning requests: 1"
        assert bench.ask("POST", f"{second}/_provision") == (429, {"error": text})
        assert bench.ask("GET", f"{second}/_status")[1] == {
            "workflow_id": second, "state": "NOT_STARTED",
        }  # fmt: skip


def test_an_unknown_path_and_method_are_told_as_opensearch_tells_them(bench: Bench) -> None:
    assert bench.ask("GET", "/_nothing?x=1") == (
        400, {"error": "no handler found for uri [/_nothing?x=1] and method [GET]"},
    )  # fmt: skip
    status, body = bench.ask("GET", "")
    assert (status, body["status"]) == (405, 405)
    assert body["error"].endswith("and method [GET], allowed: [POST]")


def test_a_cluster_that_is_gone_is_a_failed_run_and_no_server_error(tmp_path: Any) -> None:
    from flowplan.server.clusters import Clusters

    with Bench(tmp_path) as bench:
        away = Clusters("http://127.0.0.1:9", tmp_path, {})
        bench.clusters._open = away._open  # type: ignore[method-assign]
        wait = "wait_for_completion_timeout=60s"
        workflow = bench.create(chat(), f"provision=true&{wait}")
        body = bench.ask("GET", f"{workflow}/_status")[1]
        assert body["state"] == "FAILED"
        assert "(FP322)" in body["error"]
        for method, path in (("GET", "_plan"), ("POST", "_deprovision")):
            status, body = bench.ask(method, f"{workflow}/{path}")
            assert status == (503 if path == "_plan" else 200), body


def test_a_change_that_has_to_wait_too_long_leaves_the_template_as_it_was(tmp_path: Any) -> None:
    settings = ServeSettings(runs=1, waiting=0)
    with Bench(tmp_path, "latency=100ms", settings=settings) as bench:
        wait = "wait_for_completion_timeout=20s"
        workflow = bench.create(chat(), f"provision=true&{wait}")
        changed = chat(description="changed")
        bench.service.runs._runs["busy"] = Run("busy", "provision")
        assert bench.ask("PUT", f"{workflow}?reprovision=true", changed)[0] == 429
        assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 429
        del bench.service.runs._runs["busy"]
        assert bench.service.kept.template_of(bench.service.kept.find(workflow)) == chat()
        assert bench.ask("GET", f"{workflow}/_status")[1]["state"] == "COMPLETED"


def test_a_state_that_somebody_else_works_on_is_a_conflict(tmp_path: Any) -> None:
    with Bench(tmp_path, settings=ServeSettings(lock_timeout=0)) as bench:
        workflow = bench.create(chat(), "provision=true&wait_for_completion_timeout=20s")
        with bench.service.kept.store.backend(workflow).lock("apply"):
            status, body = bench.ask("POST", f"{workflow}/_deprovision")
        assert status == 409
        assert "(FP501)" in body["error"]
        assert bench.ask("POST", f"{workflow}/_deprovision")[0] == 200
