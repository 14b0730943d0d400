from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError, Refused
from flowplan.protocol import Change, Owned

WIDE = {
    "description": "a model",
    "is_enabled": False,
    "rate_limiter": {"limit": 5, "unit": "MINUTES"},
    "deploy_setting": {"is_auto_deploy_enabled": True},
    "interface": {"input": {"type": "object"}, "output": '{"type":"object"}'},
}


def test_what_is_registered_is_read_back_as_expected(bench: Any) -> None:
    made = bench.model(bench.connector(), **WIDE)
    seen = bench.seen(made).fields
    expected = bench.step(made.type).expect(made.inputs)
    assert {key: seen.get(key) for key in expected} == expected


def test_a_model_that_is_to_be_deployed_is_read_back_as_expected(bench: Any) -> None:
    made = bench.model(bench.connector(), deploy=True)
    seen = bench.settled(made)
    expected = bench.step(made.type).expect(made.inputs)
    assert seen.status == "ready"
    assert seen.fields["deploy"] is True
    assert {key: seen.fields.get(key) for key in expected} == expected


def test_whether_it_is_deployed_is_no_field_where_nobody_asked(bench: Any) -> None:
    made = bench.model(bench.connector(), deploy=True)
    made.inputs = {key: value for key, value in made.inputs.items() if key != "deploy"}
    assert "deploy" not in bench.seen(made).fields


def test_the_id_is_recorded_with_its_task_and_nothing_more_is_asked(bench: Any) -> None:
    connector = bench.connector()
    before, counted = len(bench.records), bench.connection.request_count
    step = bench.step("register_remote_model")
    inputs = {"name": bench.name("model"), "connector_id": connector.resource_id}
    made = step.create(
        bench.cluster(), inputs, lambda **kw: bench.records.append(kw), {"group_existed": False}
    )
    assert bench.connection.request_count == counted + 1
    (noted,) = bench.records[before:]
    assert (noted["resource_id"], made.owned) == (made.resource_id, ())
    assert noted["task_id"]
    document = step.fetch(bench.cluster(), [made.resource_id])[made.resource_id]
    owned = step.came_with(document, inputs, {"group_existed": False})
    kept = type(connector)("n", step.name, made.resource_id, inputs, dict(made.values), owned)
    bench.delete(kept)


def test_outputs_are_those_of_flow_framework(bench: Any) -> None:
    made = bench.model(bench.connector())
    assert set(made.outputs) == {"model_id", "register_model_status"}
    assert made.outputs["model_id"] == made.resource_id


def test_a_group_that_came_with_the_model_is_ours_and_goes_with_it(bench: Any) -> None:
    made = bench.model(bench.connector())
    (owned,) = made.owned
    assert owned.kind == "model_group"
    bench.delete(made)
    groups = bench.step("register_model_group").fetch(bench.cluster(), [owned.resource_id])
    assert groups[owned.resource_id] is None


def test_a_group_that_was_there_before_is_not_ours(bench: Any) -> None:
    step = bench.step("register_remote_model")
    group = bench.create("register_model_group", {"name": bench.name("model")})
    notes = step.prepare(bench.cluster(), {"m": {"name": bench.name("model")}}, frozenset())
    assert notes == {"m": {"group_existed": True}}
    inputs = {"name": bench.name("model"), "connector_id": bench.connector().resource_id}
    made = bench.create("register_remote_model", inputs, dict(notes["m"]))
    assert made.owned == ()
    bench.delete(made)
    assert bench.seen(group) is not None


def test_a_group_of_our_own_counts_as_ours_again(bench: Any) -> None:
    step = bench.step("register_remote_model")
    first = bench.model(bench.connector())
    wanted = {"m": {"name": bench.name("model")}}
    assert step.prepare(bench.cluster(), wanted, frozenset(first.owned)) == {
        "m": {"group_existed": False}
    }
    assert step.prepare(bench.cluster(), wanted, frozenset()) == {"m": {"group_existed": True}}


def test_looking_for_groups_takes_one_request_and_none_where_all_have_one(bench: Any) -> None:
    step = bench.step("register_remote_model")
    before = bench.connection.request_count
    wanted = {f"m{i}": {"name": bench.name(f"m{i}")} for i in range(5)}
    assert len(step.prepare(bench.cluster(), wanted, frozenset())) == 5
    assert bench.connection.request_count == before + 1
    assert (
        step.prepare(bench.cluster(), {"m": {"name": "x", "model_group_id": "g"}}, frozenset())
        == {}
    )
    assert bench.connection.request_count == before + 1


def test_a_group_with_others_in_it_is_left_with_a_note(bench: Any) -> None:
    connector = bench.connector()
    first = bench.model(connector)
    second = bench.model(connector)
    bench.delete(first)
    assert any("was left" in note for note in bench.notes)
    assert bench.seen(second) is not None


def test_models_without_a_group_are_exclusive_by_name(bench: Any) -> None:
    step = bench.step("register_remote_model")
    assert step.exclusive({"name": "a"}) == "a"
    assert step.exclusive({"name": "a", "model_group_id": "g"}) is None


def test_every_input_that_is_said_to_change_in_place_does(bench: Any) -> None:
    made = bench.model(bench.connector())
    bench.update(
        made, **WIDE, name=bench.name("renamed"), connector_id=bench.connector().resource_id
    )
    seen = bench.seen(made).fields
    expected = bench.step(made.type).expect(made.inputs)
    assert {key: seen.get(key) for key in expected} == expected


def test_a_model_moves_to_another_group(bench: Any) -> None:
    made = bench.model(bench.connector())
    group = bench.create("register_model_group", {"name": bench.name("other")})
    bench.update(made, model_group_id=group.resource_id)
    assert bench.seen(made).fields["model_group_id"] == group.resource_id
    bench.delete(made)


def test_a_dropped_is_enabled_means_enabled(bench: Any) -> None:
    made = bench.model(bench.connector(), is_enabled=False)
    bench.update(made, "is_enabled")
    assert bench.seen(made).fields["is_enabled"] is True


def test_deploying_and_undeploying_is_an_update(bench: Any) -> None:
    made = bench.model(bench.connector())
    bench.update(made, deploy=True)
    assert bench.raw("GET", f"/_plugins/_ml/models/{made.resource_id}")["model_state"] == "DEPLOYED"
    bench.update(made, "deploy")
    state = bench.raw("GET", f"/_plugins/_ml/models/{made.resource_id}")["model_state"]
    assert state == "UNDEPLOYED"


def test_an_update_without_changes_finishes_the_deployment(bench: Any) -> None:
    made = bench.model(bench.connector())
    made.inputs["deploy"] = True
    assert bench.seen(made).fields["deploy"] is False
    bench.update(made)
    assert bench.seen(made).fields["deploy"] is True


def test_a_deployed_model_is_undeployed_and_deleted(bench: Any) -> None:
    made = bench.model(bench.connector())
    bench.raw("POST", f"/_plugins/_ml/models/{made.resource_id}/_deploy", safe=True)
    bench.delete(made)
    assert bench.seen(made) is None


def test_deleting_twice_is_success(bench: Any) -> None:
    made = bench.model(bench.connector(), deploy=True)
    bench.delete(made)
    bench.delete(made)


def test_an_unknown_connector_is_refused_with_a_404(bench: Any) -> None:
    with pytest.raises(Refused) as caught:
        bench.create("register_remote_model", {"name": bench.name("m"), "connector_id": "nope"})
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.summary) == ("FP313", "the cluster refused the model (404)")
    assert diagnostic.detail == "Failed to find connector:nope"


def test_a_candidate_has_its_group_when_it_was_made_with_it(bench: Any) -> None:
    made = bench.model(bench.connector(), deploy=True)
    step = bench.step(made.type)
    wish = bench.wish(made, group_existed=False)
    (found,) = step.find(bench.cluster(), wish)
    assert found.owned == made.owned
    assert {key: found.fields.get(key) for key in wish.expected} == wish.expected
    (other,) = step.find(bench.cluster(), bench.wish(made))
    assert other.owned == ()


def test_a_deployment_that_fails_says_why(sandbox_only: Any) -> None:
    bench = sandbox_only("deploy=20ms&deploy_fail=*")
    with pytest.raises(ProviderError) as caught:
        bench.model(bench.connector(), deploy=True)
    assert caught.value.diagnostics[0].code == "FP332"
    assert bench.records[0]["resource_id"]


def test_a_group_of_another_kind_is_not_touched(bench: Any) -> None:
    made = bench.model(bench.connector())
    made.owned = (*made.owned, Owned("something", "else"))
    bench.delete(made)
    assert bench.seen(made) is None


def test_a_model_moves_to_another_connector_while_it_serves(bench: Any) -> None:
    made = bench.model(bench.connector(), deploy=True)
    other = bench.connector()
    bench.update(made, connector_id=other.resource_id)
    assert bench.seen(made).fields["connector_id"] == other.resource_id
    assert bench.raw("GET", f"/_plugins/_ml/models/{made.resource_id}")["model_state"] == "DEPLOYED"


def test_a_change_waits_for_a_deployment_that_is_under_way(bench: Any) -> None:
    model = bench.model(bench.connector())
    bench.raw("POST", f"/_plugins/_ml/models/{model.resource_id}/_deploy")
    bench.update(model, description="another")
    assert bench.seen(model).fields["description"] == "another"


def test_a_change_during_an_endless_deployment_ends_with_its_time(sandbox_only: Any) -> None:
    bench = sandbox_only("deploy=60s")
    model = bench.model(bench.connector())
    bench.raw("POST", f"/_plugins/_ml/models/{model.resource_id}/_deploy")
    changes = [Change(("description",), "another")]
    wanted = {**model.inputs, "description": "another"}
    with pytest.raises(ProviderError) as caught:
        bench.step(model.type).update(bench.cluster(0.3), model, wanted, changes)
    assert caught.value.diagnostics[0].code == "FP330"
    assert set(bench.progress) == {"waiting for its deployment"}


def test_deploy_goes_as_a_query_parameter_and_not_in_the_body(bench: Any) -> None:
    bench.model(bench.connector(), deploy=True)
    assert bench.connection.requests["POST /_plugins/_ml/models/_register"] == 1
    assert bench.connection.requests["POST /_plugins/_ml/models/{id}/_deploy"] == 0
