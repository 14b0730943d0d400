from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import Refused

WIDE = {
    "description": " spaces kept, Ünïcode too ",
    "version": 4,
    "parameters": {
        "text": "plain", "empty": "", "whole": 256, "half": 0.5, "one": 1.0, "huge": 1e21,
        "long": 12345678901234567890, "yes": True, "none": None,
        "list": [1, "a", {"x": 1}], "object": {"b": 1, "a": [True, None]},
    },
    "client_config": {"max_connection": 5},
}  # fmt: skip


def test_what_is_created_is_read_back_as_expected(bench: Any) -> None:
    made = bench.connector(**WIDE)
    seen = bench.seen(made).fields
    expected = bench.step("create_connector").expect(made.inputs)
    assert {key: seen.get(key) for key in expected} == expected


def test_a_connector_without_parameters_is_read_back_as_expected(bench: Any) -> None:
    inputs = bench.connector_inputs()
    del inputs["parameters"], inputs["description"]
    made = bench.create("create_connector", inputs)
    seen = bench.seen(made).fields
    expected = bench.step("create_connector").expect(inputs)
    assert {key: seen.get(key) for key in expected} == expected


def test_the_id_is_recorded_and_given_as_output(bench: Any) -> None:
    made = bench.connector()
    assert bench.records == [{"resource_id": made.resource_id}]
    assert made.outputs == {"connector_id": made.resource_id}


def test_a_credential_is_never_read_back(bench: Any) -> None:
    made = bench.connector()
    assert "credential" not in bench.seen(made).fields


def test_a_template_of_an_unknown_protocol_is_refused_in_the_cluster_s_words(bench: Any) -> None:
    with pytest.raises(Refused) as caught:
        bench.connector(protocol="grpc")
    diagnostic = caught.value.diagnostics[0]
    assert (caught.value.status, diagnostic.code) == (400, "FP310")
    assert "Unsupported connector protocol" in diagnostic.detail


def test_a_changed_parameter_arrives_and_the_others_stay(bench: Any) -> None:
    made = bench.connector(parameters={"a": "1", "b": "2"})
    bench.update(made, parameters={"a": "1", "b": 3, "c": [1]})
    assert bench.seen(made).fields["parameters"] == {"a": "1", "b": "3", "c": "[1]"}


def test_every_input_that_is_said_to_change_in_place_does(bench: Any) -> None:
    made = bench.connector()
    actions = [{**made.inputs["actions"][0], "request_body": "{}"}]
    new = {
        "name": bench.name("renamed"), "description": "other", "version": 2,
        "credential": {"openAI_key": "another-key"}, "actions": actions,
        "client_config": {"read_timeout": 7},
    }  # fmt: skip
    bench.update(made, **new)
    seen = bench.seen(made).fields
    expected = bench.step("create_connector").expect(made.inputs)
    assert {key: seen.get(key) for key in expected} == expected


def test_a_removal_that_the_api_cannot_do_sends_nothing(bench: Any) -> None:
    made = bench.connector()
    before = bench.connection.request_count
    bench.update(made, "description")
    assert bench.connection.request_count == before


def test_an_update_under_a_deployed_model_is_refused_with_its_remedy(bench: Any) -> None:
    connector = bench.connector()
    bench.model(connector, deploy=True)
    with pytest.raises(Refused) as caught:
        bench.update(connector, description="other")
    assert caught.value.diagnostics[0].code == "FP334"
    assert "next plan" in caught.value.diagnostics[0].hint


def test_holders_are_the_models_on_it_and_say_whether_they_block(bench: Any) -> None:
    first, second = bench.connector(), bench.connector()
    bench.model(first, name=bench.name("idle"))
    bench.model(first, name=bench.name("serving"), deploy=True)
    found = bench.step("create_connector").holders(
        bench.cluster(), [first.resource_id, second.resource_id]
    )
    assert {holder.name: holder.blocks_update for holder in found[first.resource_id]} == {
        bench.name("idle"): False,
        bench.name("serving"): True,
    }
    assert second.resource_id not in found


def test_deleting_one_in_use_is_refused_and_names_its_users(bench: Any) -> None:
    connector = bench.connector()
    model = bench.model(connector)
    with pytest.raises(Refused) as caught:
        bench.delete(connector)
    assert (caught.value.status, caught.value.diagnostics[0].code) == (409, "FP336")
    assert model.resource_id in caught.value.diagnostics[0].detail


def test_deleting_twice_is_success(bench: Any) -> None:
    connector = bench.connector()
    bench.delete(connector)
    bench.delete(connector)
    assert bench.seen(connector) is None


def test_what_is_there_is_found_in_one_request(bench: Any) -> None:
    ids = [bench.connector().resource_id for _ in range(3)]
    before = bench.connection.request_count
    found = bench.step("create_connector").read(bench.cluster(), ids)
    assert bench.connection.request_count == before + 1
    assert all(found[key] is not None for key in ids)


def test_what_is_gone_is_none(bench: Any) -> None:
    ids = [bench.connector().resource_id, "nobody-has-this-id"]
    found = bench.step("create_connector").read(bench.cluster(), ids)
    assert [found[key] is None for key in ids] == [False, True]


def test_candidates_are_those_of_exactly_the_name(bench: Any) -> None:
    made = bench.connector()
    bench.connector(name=bench.name("chat") + " two")
    step = bench.step("create_connector")
    wish = bench.wish(made)
    found = step.find(bench.cluster(), wish)
    assert [item.resource_id for item in found] == [made.resource_id]
    assert {key: found[0].fields.get(key) for key in wish.expected} == wish.expected
    assert isinstance(found[0].created, float)
