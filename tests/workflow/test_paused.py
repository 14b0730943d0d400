"""Models that an interrupted change in place left undeployed, and templates that change meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.cutting import Cut, cut_at
from tests.lab import Lab, actions
from tests.workflow.requests_sent import watched


def states(lab: Lab) -> dict[str, str]:
    return {item["name"]: item["model_state"] for item in lab.on_cluster()["models"]}


@pytest.fixture
def halfway(lab: Lab, cut: Callable[..., None], soon: None) -> Lab:
    """A connector with `keep_id` whose change was cut off with its models undeployed.

    One of the models is in no state.
    """
    lab.node("connector")["flowplan"] = {"keep_id": True}
    lab.inputs("connector")["parameters"]["extra"] = "1"
    lab.apply()
    body = {"name": "foreign", "function_name": "remote", "connector_id": lab.ids()["connector"]}
    model = str(lab.request("POST", "/_plugins/_ml/models/_register", body)["model_id"])
    lab.request("POST", f"/_plugins/_ml/models/{model}/_deploy")
    while states(lab)["foreign"] != "DEPLOYED":
        time.sleep(0.01)
    lab.inputs("connector")["parameters"]["model"] = "gpt-4o"
    cut("PUT", "/connectors/", after=False)
    with pytest.raises(Cut):
        lab.apply(parallelism=1)
    assert set(states(lab).values()) == {"UNDEPLOYED"}
    return lab


def is_done(lab: Lab) -> None:
    assert lab.state.resources["connector"].paused == ()
    assert lab.plan().empty


def test_without_keep_id_they_are_deployed_after_the_change(halfway: Lab) -> None:
    del halfway.node("connector")["flowplan"]
    assert halfway.apply().failed == 0
    assert states(halfway) == {"chat model": "DEPLOYED", "foreign": "DEPLOYED"}
    is_done(halfway)


def test_they_are_deployed_when_the_connector_is_replaced_instead(halfway: Lab) -> None:
    del halfway.node("connector")["flowplan"]
    del halfway.inputs("connector")["parameters"]["extra"]
    assert actions(halfway.plan())["connector"] == "replace"
    halfway.apply()
    assert states(halfway) == {"chat model": "DEPLOYED", "foreign": "DEPLOYED"}
    # The foreign model keeps the old connector from being deleted.
    assert len(halfway.state.resources["connector"].deposed) == 1


def test_they_are_deployed_when_the_change_is_refused(halfway: Lab) -> None:
    del halfway.node("connector")["flowplan"]

    def refuse(method: str, path: str, body: str) -> tuple[int, str] | None:
        hit = method == "PUT" and "/connectors/" in path
        return (400, '{"error": {"reason": "no"}, "status": 400}') if hit else None

    with watched(refuse):
        assert halfway.apply().failed == 1
    assert states(halfway) == {"chat model": "DEPLOYED", "foreign": "DEPLOYED"}
    assert halfway.state.resources["connector"].paused == ()


def test_one_that_can_not_be_deployed_after_a_refused_change_stays_noted(halfway: Lab) -> None:
    del halfway.node("connector")["flowplan"]

    def refuse(method: str, path: str, body: str) -> tuple[int, str] | None:
        hit = (method == "PUT" and "/connectors/" in path) or "_deploy" in path
        return (403, '{"error": {"reason": "no"}, "status": 403}') if hit else None

    with watched(refuse):
        assert halfway.apply(parallelism=1).failed == 1
    assert len(halfway.state.resources["connector"].paused) == 2
    halfway.apply()
    is_done(halfway)


def test_they_are_deployed_when_the_node_leaves_the_template(halfway: Lab) -> None:
    halfway.without("connector", "model", "deployment")
    halfway.nodes.append({"id": "rest", "type": "noop"})
    halfway.template["flowplan"] = {}
    halfway.params = {}
    # The foreign model uses the connector, so that it can't be deleted.
    assert halfway.apply().failed == 1
    assert states(halfway) == {"foreign": "DEPLOYED"}
    assert halfway.state.resources["connector"].paused == ()


def test_they_are_deployed_when_all_is_destroyed(halfway: Lab) -> None:
    assert halfway.destroy().left == (f"connector_id {halfway.ids()['connector']}",)
    assert states(halfway) == {"foreign": "DEPLOYED"}


def test_a_deployment_that_left_the_template_meanwhile_is_not_brought_back(halfway: Lab) -> None:
    halfway.without("deployment")
    halfway.template["flowplan"] = {}
    for parallelism in (1, 10):
        halfway.apply(parallelism=parallelism)
        assert states(halfway) == {"chat model": "UNDEPLOYED", "foreign": "DEPLOYED"}
        is_done(halfway)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(14))
def test_the_next_run_may_be_cut_off_as_well(halfway: Lab, number: int, after: bool) -> None:
    halfway.without("deployment")
    halfway.template["flowplan"] = {}
    with cut_at(number, after=after), pytest.raises(Cut):
        halfway.apply(parallelism=1)
    halfway.apply(parallelism=1)
    assert states(halfway) == {"chat model": "UNDEPLOYED", "foreign": "DEPLOYED"}
    is_done(halfway)
