"""Who outside a plan uses what goes, and checks, on both kinds of cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flowplan.planner.plan import Plan
from flowplan.planner.verify import Verdict, verify
from tests.lab import Lab, change_of

Others = Callable[[str, str, Any], None]
ML = "/_plugins/_ml"
CONTENT = "inference_results[0].output[0].dataAsMap.choices[0].message.content"


@pytest.fixture
def applied(either: Lab) -> Iterator[Lab]:
    """Connector, model, deployment, an index and two pipelines."""
    tag = either.tag
    nodes: list[dict[str, Any]] = [
        {"id": "index", "type": "create_index",
         "user_inputs": {"index_name": f"words-{tag}", "configurations": {}}},
        {"id": "ingest", "type": "create_ingest_pipeline",
         "user_inputs": {"pipeline_id": f"in-{tag}", "configurations": {"processors": []}}},
        {"id": "search", "type": "create_search_pipeline",
         "user_inputs": {"pipeline_id": f"out-{tag}", "configurations": {"request_processors": []}}},
    ]  # fmt: skip
    either.nodes.extend(nodes)
    either.apply()
    try:
        yield either
    finally:
        either.destroy()


@pytest.fixture
def others(applied: Lab) -> Iterator[Others]:
    """Requests of somebody else; what they made is deleted at the end."""
    made: list[str] = []

    def send(method: str, path: str, body: Any) -> None:
        answer = applied.request(method, path, body)
        found = next((answer[key] for key in ("agent_id", "model_id") if key in answer), None)
        made.append(f"{path.rpartition('/')[0]}/{found}" if found else path)

    try:
        yield send
    finally:
        for path in reversed(made):
            applied.request("DELETE", path, accept=(404,))


def used(plan: Plan, node: str) -> set[str]:
    return {f"{user.kind} {user.name or user.id}" for user in change_of(plan, node).used_by}


def test_all_that_uses_what_goes_is_found(applied: Lab, others: Others) -> None:
    tag, ids = applied.tag, applied.ids()
    model, connector = ids["model"], ids["connector"]
    tools = [{"type": "MLModelTool", "parameters": {"model_id": model}}]
    bot = {"name": f"bot {tag}", "type": "flow", "tools": tools}
    others("POST", f"{ML}/agents/_register", bot)
    theirs = {"name": f"theirs {tag}", "function_name": "remote", "connector_id": connector}
    others("POST", f"{ML}/models/_register", theirs)
    asking = {"ml_inference": {
        "model_id": model, "input_map": [{"messages": "m"}], "output_map": [{"a": "choices"}],
    }}  # fmt: skip
    others("PUT", f"/_ingest/pipeline/asks-{tag}", {"processors": [asking]})
    answering = {"response_processors": [asking]}
    others("PUT", f"/_search/pipeline/answers-{tag}", answering)
    settings = {
        "index.default_pipeline": f"in-{tag}",
        "index.search.default_pipeline": f"out-{tag}",
    }
    others("PUT", f"/theirs-{tag}", {"settings": settings})
    others("PUT", f"/words-{tag}/_alias/alias-{tag}", {})
    plan = applied.plan(mode="destroy")
    assert used(plan, "model") == {
        f"agent bot {tag}", f"ingest_pipeline asks-{tag}", f"search_pipeline answers-{tag}",
    }  # fmt: skip
    assert used(plan, "connector") == {f"model theirs {tag}"}
    assert used(plan, "ingest") == used(plan, "search") == {f"index theirs-{tag}"}
    assert used(plan, "index") == {f"alias alias-{tag}"}
    assert "FP393" in {item.code for item in plan.diagnostics}


def test_a_prediction_and_a_search_hold(applied: Lab) -> None:
    body = {"parameters": {"messages": [{"role": "user", "content": "hello"}]}}
    applied.template["flowplan"]["checks"] = [
        {"name": "answers", "predict": "deployment", "body": body,
         "expect": {"path": CONTENT, "exists": True}},
        {"name": "finds", "search": "index", "pipeline": "search", "body": {"size": 1},
         "expect": {"path": "hits.total.value", "equals": 0}},
        {"name": "misses", "search": "index", "timeout": "300ms",
         "expect": {"path": "hits.total.value", "at_least": 1}},
        {"name": "fails", "search": f"no-{applied.tag}"},
    ]  # fmt: skip
    found = run(applied)
    assert [verdict.result for verdict in found] == ["passed", "passed", "failed", "failed"]
    told = [verdict.diagnostic.code for verdict in found if verdict.diagnostic]
    assert told == ["FP660", "FP661"]


def run(lab: Lab) -> tuple[Verdict, ...]:
    workspace = lab.workspace()
    assert workspace.template is not None
    checks = workspace.template.checks
    return verify(workspace, workspace.template, lab.state.resources, checks=checks)
