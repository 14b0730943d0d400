from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused
from flowplan.providers.deployment import await_deployed, deploy, is_deployed, undeploy


def scripted(hits: Any = None, **answers: list[Any]) -> Any:
    """Answers by the path's collection or last part, the last one for ever."""

    def answer(method: str, path: str, body: Any) -> Any:
        key = (
            path.rsplit("/", 1)[-1] if path.endswith(("_deploy", "_search")) else path.split("/")[3]
        )
        rest = answers[key]
        return rest.pop(0) if len(rest) > 1 else rest[0]

    return answer


def state(text: str) -> dict[str, Any]:
    return {"model_state": text}


def test_the_task_and_then_the_model_are_asked(fake: Any) -> None:
    cluster = fake(
        scripted(
            _deploy=[{"task_id": "t", "status": "COMPLETED"}],
            tasks=[{"state": "CREATED"}, {"state": "RUNNING"}, {"state": "COMPLETED"}],
            models=[state("DEPLOYING"), state("DEPLOYED")],
        )
    )
    recorded: list[Any] = []
    deploy(cluster, "m", lambda **kw: recorded.append(kw))
    assert recorded == [{"resource_id": "m", "task_id": "t"}]
    assert cluster.told == [
        "deploying (task CREATED)", "deploying (task RUNNING)", "deploying (model DEPLOYING)",
    ]  # fmt: skip
    assert cluster.waits[0] == 0.05


def test_of_a_first_deployment_the_model_alone_is_asked(fake: Any) -> None:
    cluster = fake(
        scripted(
            _deploy=[{"task_id": "t", "status": "COMPLETED"}],
            models=[state("DEPLOYING"), state("DEPLOYED")],
        )
    )
    deploy(cluster, "m", first=True)
    assert cluster.told == ["deploying (model DEPLOYING)"]


def test_a_first_deployment_that_shows_nothing_yet_is_looked_for_in_its_task(fake: Any) -> None:
    cluster = fake(
        scripted(
            _deploy=[{"task_id": "t"}],
            tasks=[{"state": "RUNNING"}, {"state": "COMPLETED"}],
            models=[state("REGISTERED"), state("DEPLOY_FAILED"), state("DEPLOYED")],
        )
    )
    deploy(cluster, "m", first=True)
    assert cluster.told == ["deploying (task RUNNING)"]


def test_a_first_deployment_whose_task_fails_is_an_error_with_its_text(fake: Any) -> None:
    cluster = fake(
        scripted(
            _deploy=[{"task_id": "t"}],
            tasks=[{"state": "FAILED", "error": "no memory"}],
            models=[state("REGISTERED")],
        )
    )
    with pytest.raises(ProviderError) as caught:
        deploy(cluster, "m", first=True)
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail) == ("FP331", "no memory")


def test_a_first_deployment_whose_model_fails_is_an_error(fake: Any, hits: Any) -> None:
    cluster = fake(
        scripted(
            _deploy=[{"task_id": "t"}],
            tasks=[{"state": "COMPLETED"}],
            models=[state("DEPLOY_FAILED")],
            _search=[hits(a={"error": "why", "create_time": 1})],
        )
    )
    with pytest.raises(ProviderError) as caught:
        deploy(cluster, "m", first=True)
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail) == ("FP332", "why")


def test_polls_grow_to_a_second(fake: Any) -> None:
    cluster = fake(scripted(models=[*[state("DEPLOYING")] * 20, state("DEPLOYED")]))
    await_deployed(cluster, "m")
    assert cluster.waits == sorted(cluster.waits)
    assert cluster.waits[-1] == 1.0


def test_a_task_that_was_cleaned_up_is_no_obstacle(fake: Any) -> None:
    cluster = fake(
        scripted(_deploy=[{"task_id": "t"}], tasks=[(404, "x")], models=[state("DEPLOYED")])
    )
    deploy(cluster, "m")
    assert cluster.waits == []


@pytest.mark.parametrize("end", ["FAILED", "COMPLETED_WITH_ERROR", "CANCELLED"])
def test_a_failed_task_is_an_error_with_its_text(fake: Any, end: str) -> None:
    cluster = fake(
        scripted(
            _deploy=[{"task_id": "t"}], tasks=[{"state": end, "error": '{"node":"no memory"}'}]
        )
    )
    with pytest.raises(ProviderError) as caught:
        deploy(cluster, "m")
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail) == ("FP331", '{"node":"no memory"}')


def test_a_failed_model_is_an_error_with_the_newest_task_s_text(fake: Any, hits: Any) -> None:
    tasks = hits(
        a={"error": "old", "create_time": 1}, b={"error": "new", "create_time": 2}, c={"state": "x"}
    )
    cluster = fake(scripted(models=[state("DEPLOY_FAILED")], _search=[tasks]))
    with pytest.raises(ProviderError) as caught:
        await_deployed(cluster, "m")
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.detail) == ("FP332", "new")


def test_a_failure_without_a_reason_says_so(fake: Any, hits: Any) -> None:
    cluster = fake(scripted(models=[state("DEPLOY_FAILED")], _search=[hits()]))
    with pytest.raises(ProviderError) as caught:
        await_deployed(cluster, "m")
    assert "no reason" in caught.value.diagnostics[0].detail


def test_a_prediction_that_deploys_meanwhile_is_no_failure(fake: Any) -> None:
    cluster = fake(scripted(_deploy=[(409, "version conflict")], models=[state("DEPLOYED")]))
    deploy(cluster, "m")


def test_another_refusal_is_one(fake: Any) -> None:
    with pytest.raises(Refused):
        deploy(fake(scripted(_deploy=[(404, "Failed to find model")])), "m")


@pytest.mark.parametrize(
    ("model", "deployed"),
    [
        (state("DEPLOYED"), True),
        (state("DEPLOYING"), True),
        (state("PARTIALLY_DEPLOYED"), True),
        (state("REGISTERED"), False),
        (state("DEPLOY_FAILED"), False),
        (state("UNDEPLOYED"), False),
        ({**state("UNDEPLOYED"), "deploy_setting": {"model_ttl_minutes": 5}}, True),
        ({**state("UNDEPLOYED"), "deploy_setting": {"model_ttl_minutes": "5"}}, True),
        ({**state("UNDEPLOYED"), "deploy_setting": {"model_ttl_minutes": -1}}, False),
        ({**state("UNDEPLOYED"), "deploy_setting": {}}, False),
        ({}, False),
    ],
)
def test_a_model_asleep_by_its_own_setting_counts_as_deployed(model: Any, deployed: bool) -> None:
    assert is_deployed(model) is deployed


def undeployed(fake: Any, answers: dict[str, Any], *others: str) -> list[tuple[str, Any]]:
    """What is sent to undeploy `m`, while `others` are asked for."""
    cluster = fake(lambda _method, path, _body: answers[path.rsplit("/models/", 1)[-1]])
    cluster.others = others
    undeploy(cluster, "m")
    return [(path.rsplit("/models/", 1)[-1], body) for _, path, body in cluster.sent]


def test_one_that_is_undeployed_alone_is_asked_for_by_its_id(fake: Any) -> None:
    assert undeployed(fake, {"m/_undeploy": {}}) == [("m/_undeploy", None)]


def test_several_are_undeployed_by_one_request(fake: Any) -> None:
    stats = {"node": {"stats": {"m": "not_found"}}, "other": {"stats": {"n": "undeployed"}}}
    assert undeployed(fake, {"_undeploy": stats}, "n") == [("_undeploy", {"model_ids": ["m", "n"]})]


@pytest.mark.parametrize("answer", [{}, {"n": {"stats": {"m": "failed"}}}, {"n": {}}, [], "ok"])
def test_one_that_the_shared_answer_does_not_call_down_is_undeployed_alone(
    fake: Any, answer: Any
) -> None:
    sent = undeployed(fake, {"_undeploy": answer, "m/_undeploy": {}}, "n")
    assert [path for path, _ in sent] == ["_undeploy", "m/_undeploy"]
