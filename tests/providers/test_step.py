"""What ML Commons does too rarely for the contract suite: ignoring, vanishing, holding back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused
from flowplan.protocol import Change, Owned
from flowplan.providers.connector import CreateConnector
from flowplan.providers.deploy import DeployModel
from flowplan.providers.model import RegisterRemoteModel
from flowplan.providers.model_group import RegisterModelGroup
from flowplan.providers.step import Step


def resource(**more: Any) -> Any:
    return SimpleNamespace(
        **{"node": "n", "resource_id": "id", "inputs": {}, "outputs": {}, "owned": (), **more}
    )


def diagnostic_of(caught: Any) -> Any:
    return caught.value.diagnostics[0]


def test_a_change_that_was_accepted_and_ignored_is_an_error(fake: Any, hits: Any) -> None:
    cluster = fake(lambda *_: hits(id={"description": "old"}))
    with pytest.raises(ProviderError) as caught:
        CreateConnector().update(
            cluster, resource(), {"description": "new"}, [Change(("description",), "new")]
        )
    assert diagnostic_of(caught).code == "FP333"
    assert "description" in diagnostic_of(caught).summary


def test_an_ignored_empty_description_of_a_group_is_an_error(fake: Any, hits: Any) -> None:
    cluster = fake(lambda *_: hits(id={"name": "g", "description": "old"}))
    with pytest.raises(ProviderError) as caught:
        RegisterModelGroup().update(
            cluster, resource(), {"name": "g", "description": ""}, [Change(("description",), "")]
        )
    assert diagnostic_of(caught).code == "FP333"


def test_a_resource_that_vanishes_while_it_is_changed_is_an_error(fake: Any, hits: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        CreateConnector().update(
            fake(lambda method, *_: (404, "x") if method == "GET" else hits()),
            resource(),
            {"name": "a"},
            [Change(("name",), "a")],
        )
    assert diagnostic_of(caught).code == "FP337"


def test_a_secret_is_sent_and_not_looked_for(fake: Any, hits: Any) -> None:
    cluster = fake(lambda *_: hits(id={"name": "a"}))
    changes = [Change(("credential", "key"), "new")]
    CreateConnector().update(cluster, resource(), {"credential": {"key": "new", "b": "1"}}, changes)
    assert cluster.sent[0] == (
        "PUT", "/_plugins/_ml/connectors/id", {"credential": {"key": "new", "b": "1"}},
    )  # fmt: skip


def test_only_changed_inputs_are_sent(fake: Any, hits: Any) -> None:
    cluster = fake(lambda *_: hits(id={"name": "a", "description": "b"}))
    changes = [Change(("description",), "b")]
    CreateConnector().update(cluster, resource(), {"name": "a", "description": "b"}, changes)
    assert cluster.sent[0][2] == {"description": "b"}


def test_another_refusal_of_a_change_is_passed_on(fake: Any) -> None:
    with pytest.raises(Refused) as caught:
        CreateConnector().update(
            fake(lambda *_: (400, "Missing credential")),
            resource(), {"name": "a"}, [Change(("name",), "a")],
        )  # fmt: skip
    assert caught.value.reason == "Missing credential"


def test_a_connector_that_only_seems_to_be_used_gets_its_own_message(fake: Any, hits: Any) -> None:
    words = "2 models are still using this connector, please delete the models first: [a, b]"
    cluster = fake(lambda method, *_: (409, words) if method == "DELETE" else hits())
    with pytest.raises(Refused) as caught:
        CreateConnector().delete(cluster, resource())
    assert diagnostic_of(caught).code == "FP335"
    assert caught.value.status == 409
    assert words in diagnostic_of(caught).detail


def test_another_refusal_of_a_deletion_is_passed_on(fake: Any) -> None:
    with pytest.raises(Refused) as caught:
        CreateConnector().delete(fake(lambda *_: (403, "no permissions")), resource())
    assert caught.value.status == 403


def test_a_model_that_is_deployed_again_is_undeployed_again(fake: Any) -> None:
    refusals = [(400, "Try undeploy model first then delete")] * 3

    def answer(method: str, path: str, body: Any) -> Any:
        return refusals.pop() if method == "DELETE" and refusals else {}

    cluster = fake(answer)
    RegisterRemoteModel().delete(cluster, resource())
    assert [path.rsplit("/", 1)[-1] for method, path, _ in cluster.sent if method == "POST"] == [
        "_undeploy"
    ] * 3


def test_a_model_under_constant_predictions_is_given_up_with_the_reason(fake: Any) -> None:
    cluster = fake(
        lambda method, *_: (400, "Try undeploy model first") if method == "DELETE" else {}
    )
    with pytest.raises(Refused) as caught:
        RegisterRemoteModel().delete(cluster, resource())
    assert diagnostic_of(caught).code == "FP338"
    assert sum(method == "DELETE" for method, _, _ in cluster.sent) == 5


def test_another_refusal_of_a_model_s_deletion_is_passed_on(fake: Any) -> None:
    with pytest.raises(Refused) as caught:
        RegisterRemoteModel().delete(fake(lambda *_: (409, "agents are using it")), resource())
    assert caught.value.reason == "agents are using it"


def test_a_group_without_permission_to_delete_fails_the_step(fake: Any) -> None:
    owned = (Owned("model_group", "g"),)
    cluster = fake(lambda _, path, __: (403, "no") if "model_groups" in path else {})
    with pytest.raises(Refused):
        RegisterRemoteModel().delete(cluster, resource(owned=owned))


def test_a_model_that_vanished_after_its_registration_owns_nothing(fake: Any, hits: Any) -> None:
    cluster = fake(
        lambda method, path, _: (
            (404, "x") if method == "GET" else hits() if "_search" in path else {"model_id": "m"}
        )
    )
    outputs = RegisterRemoteModel().create(
        cluster, {"name": "a"}, lambda **_: None, {"group_existed": False}
    )
    assert outputs.owned == ()


def test_a_deployment_wanted_as_text_is_wanted(fake: Any) -> None:
    assert RegisterRemoteModel().expect({"name": "a", "deploy": "true"})["deploy"] is True
    assert "deploy" not in RegisterRemoteModel().expect({"name": "a", "deploy": False})


@pytest.mark.parametrize(
    ("state", "status"),
    [("DEPLOYED", "ready"), ("DEPLOYING", "pending"), ("PARTIALLY_DEPLOYED", "pending"),
     ("DEPLOY_FAILED", "tainted"), ("UNDEPLOYED", "ready")],
)  # fmt: skip
def test_a_deployment_s_status_follows_the_model_s_state(state: str, status: str) -> None:
    document = {"name": "a", "model_state": state}
    both = [
        DeployModel().observe("id", document),
        RegisterRemoteModel().observe("id", document, {"deploy": True}),
    ]
    assert [seen.status for seen in both if seen] == [status, status]
    registered = RegisterRemoteModel().observe("id", document, {})
    assert registered is not None
    assert registered.status == "ready"


def test_an_absent_is_enabled_is_true() -> None:
    seen = RegisterRemoteModel().observe("id", {"name": "a"})
    assert seen is not None
    assert seen.fields["is_enabled"] is True


def test_a_step_without_opinions_holds_prepares_and_finds_nothing(fake: Any) -> None:
    step, cluster = Step(), fake(lambda *_: {})
    assert not step.holders(cluster, ["a"])
    assert not step.prepare(cluster, {}, frozenset())
    assert step.exclusive({}) is None
    assert step.fetch(cluster, ["a"]) == step.read(cluster, ["a"]) == {}
    assert step.find(cluster, SimpleNamespace(expected={"name": "a"}, notes={})) == ()
    assert step.update(cluster, resource(outputs={"a": 1}), {}, []).values == {"a": 1}
    step.delete(cluster, resource())
    assert cluster.sent == []
    with pytest.raises(NotImplementedError):
        step.create(cluster, {}, lambda **_: None, {})


def test_a_wish_without_a_name_finds_nothing(fake: Any) -> None:
    wish = SimpleNamespace(expected={}, notes={})
    assert CreateConnector().find(fake(lambda *_: {}), wish) == ()
    assert DeployModel().find(fake(lambda *_: {}), wish) == ()


def test_a_found_document_without_a_time_has_none(fake: Any, hits: Any) -> None:
    wish = SimpleNamespace(expected={"name": "a"}, notes={})
    (found,) = CreateConnector().find(fake(lambda *_: hits(id={"name": "a"})), wish)
    assert found.created is None


def test_another_refusal_of_a_group_is_passed_on(fake: Any) -> None:
    with pytest.raises(Refused) as caught:
        RegisterModelGroup().create(fake(lambda *_: (403, "no")), {}, lambda **_: None, {})
    assert caught.value.status == 403
