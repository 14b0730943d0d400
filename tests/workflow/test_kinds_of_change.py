"""Each kind of change, planned on a sandbox: what a reviewer reads of it, and what a script gets.

`FLOWPLAN_REGEN=1` writes the golden files anew. Ids are replaced by words of their length, so
that columns stay where they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowplan.planner.plan import Plan
from flowplan.planner.reconcile import recover
from flowplan.planner.select import Selection
from flowplan.render.json_text import json_text
from flowplan.render.look import MADE_UP, Look
from flowplan.render.plan_json import plan_document
from flowplan.render.plan_text import plan_text
from tests.cutting import Cut
from tests.lab import CHAT, Lab
from tests.workflow.hand_made import imports

pytestmark = pytest.mark.usefixtures("soon")

Cutter = Callable[..., None]
INDEX = {
    "id": "docs",
    "type": "create_index",
    "user_inputs": {
        "index_name": "docs",
        "configurations": {"mappings": {"properties": {"text": {"type": "text"}}}},
    },
}
DEPLOYED_AGAIN = {
    "id": "other_deployment",
    "type": "deploy_model",
    "previous_node_inputs": {"model": "model_id"},
}


def create(lab: Lab, cut: Cutter) -> Plan:
    return lab.plan()


def update(lab: Lab, cut: Cutter) -> Plan:
    lab.apply()
    lab.inputs("model")["description"] = "GPT, shared by all"
    return lab.plan()


def replace_connector(lab: Lab, cut: Cutter) -> Plan:
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    return lab.plan()


def delete(lab: Lab, cut: Cutter) -> Plan:
    lab.apply()
    lab.without("deployment")
    lab.template["flowplan"]["outputs"] = {}
    return lab.plan()


def take_over(lab: Lab, cut: Cutter) -> Plan:
    body = {**lab.inputs("connector"), "credential": {"openAI_key": "k"}, "description": "by hand"}
    made = lab.request("POST", "/_plugins/_ml/connectors/_create", body, safe=True)
    imports(lab, connector=made["connector_id"])
    return lab.plan()


def move(lab: Lab, cut: Cutter) -> Plan:
    lab.apply()
    lab.node("connector")["id"] = "chat_connector"
    lab.node("model")["previous_node_inputs"] = {"chat_connector": "connector_id"}
    lab.template["flowplan"]["moved"] = [{"from": "connector", "to": "chat_connector"}]
    return lab.plan()


def forget(lab: Lab, cut: Cutter) -> Plan:
    lab.nodes.append(DEPLOYED_AGAIN)
    lab.apply()
    lab.without("other_deployment")
    return lab.plan()


def no_op(lab: Lab, cut: Cutter) -> Plan:
    lab.apply()
    return lab.plan()


def drift(lab: Lab, cut: Cutter) -> Plan:
    """One field that is put right, one that is left alone, and a resource that is gone."""
    lab.nodes.append(INDEX)
    lab.inputs("model")["description"] = "as reviewed"
    lab.apply()
    model = f"/_plugins/_ml/models/{lab.ids()['model']}"
    lab.request("PUT", model, {"description": "by hand", "is_enabled": False})
    lab.request("DELETE", "/docs")
    return lab.plan()


def blocked(lab: Lab, cut: Cutter) -> Plan:
    lab.nodes.append(INDEX)
    lab.apply()
    lab.without("docs")
    return lab.plan()


def partial(lab: Lab, cut: Cutter) -> Plan:
    lab.nodes.append(INDEX)
    return lab.plan(selection=Selection(target=("model",)))


def unfinished(lab: Lab, cut: Cutter) -> Plan:
    """A deployment that was cut off while it was waited for."""
    cut("GET", "models/", after=False)
    with pytest.raises(Cut):
        lab.apply()
    return _after_recovery(lab)


def tainted(lab: Lab, cut: Cutter) -> Plan:
    lab.options = "deploy=0ms&deploy_fail=chat*"
    lab.apply()
    return lab.plan()


def deposed(lab: Lab, cut: Cutter) -> Plan:
    """A replacement that was cut off before the old one was deleted."""
    lab.apply()
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    cut("DELETE", "connectors/", after=False)
    with pytest.raises(Cut):
        lab.apply()
    return _after_recovery(lab)


SHORT = re.compile(r"[A-Za-z0-9_-]{4}…[A-Za-z0-9_-]{2}(?![A-Za-z0-9_-])")
"""An id as a terminal shows it."""

KINDS: dict[str, Callable[[Lab, Cutter], Plan]] = {
    "create": create, "update": update, "replace": replace_connector, "delete": delete,
    "import": take_over, "move": move, "forget": forget, "no-op": no_op, "drift": drift,
    "blocked": blocked, "partial": partial, "unfinished": unfinished, "tainted": tainted,
    "deposed": deposed,
}  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def planned(kind: str, tmp_path: Path, cut: Cutter) -> tuple[Plan, Callable[[str], str]]:
    """The plan, and what puts words in the place of ids."""
    lab = Lab(tmp_path, CHAT)
    lab.options = "deploy=0ms"
    plan = KINDS[kind](lab, cut)
    words = _words(plan)

    def named(text: str) -> str:
        for resource_id, word in words.items():
            text = text.replace(resource_id, word)
        return text

    return replace(plan, state_location="template.state.json"), named


def test_what_a_reviewer_reads(
    kind: str,
    planned: tuple[Plan, Callable[[str], str]],
    golden: Callable[[str, str], None],
) -> None:
    plan, named = planned
    text = plan_text(plan, Look(short=True, verbose=kind == "no-op"))
    text = SHORT.sub("abcd…yz", named(text))
    golden(f"kinds/{kind}.txt", text)
    assert max(map(len, text.splitlines())) <= 80


def test_what_a_script_gets(
    kind: str,
    planned: tuple[Plan, Callable[[str], str]],
    golden: Callable[[str, str], None],
    schema: Callable[[str, object], None],
) -> None:
    plan, named = planned
    document: Any = json.loads(named(json_text(plan_document(plan))))
    schema("plan", document)
    golden(f"kinds/{kind}.json", json_text({**document, "flowplan_version": "x.y.z"}))


def _after_recovery(lab: Lab) -> Plan:
    """What apply plans: it finds out first what the cut-off run had made."""
    recover(lab.workspace())
    return lab.plan()


def _words(plan: Plan) -> dict[str, str]:
    """A word of the same length for each id that the cluster made up."""
    words: dict[str, str] = {}
    for item in (*plan.changes, *plan.drift):
        if item.resource_id and MADE_UP.match(item.resource_id):
            word = f"id{len(words)}-of-{item.node}"[:20]
            words.setdefault(item.resource_id, word.ljust(20, "-"))
    return words
