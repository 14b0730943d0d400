"""The templates of Flow Framework's documentation are accepted as they stand."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.chat import DOCUMENTED, DOCUMENTED_YAML, files, inputs, write


def accepted(flowplan, *more):
    assert flowplan("validate", "--strict", *more).code == 0
    result = flowplan("apply", "--auto-approve", "--format", "json", *more)
    assert result.code == 0, result.out
    assert result.lines[-1]["created"] == 3
    assert flowplan("plan", "--detailed-exitcode", *more).code == 0
    assert flowplan("destroy", "--auto-approve").code == 0


def test_the_yaml_of_the_documentation_lives_and_dies(here, flowplan):
    (here / "template.yaml").write_text(DOCUMENTED_YAML)
    accepted(flowplan)
    state = files(here)["template.state.json"]
    assert b'"12345"' not in state


def test_the_json_of_the_documentation_lives_and_dies(here, flowplan):
    write(here / "template.json", DOCUMENTED)
    accepted(flowplan)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("  ", "\t"),
        lambda text: text + "\n\n\n",
        lambda text: json.dumps(json.loads(text)),
    ],
    ids=["CRLF", "BOM", "tabs", "trailing lines", "one line"],
)
def test_json_is_accepted_however_it_is_spaced(here, flowplan, change):
    text = change(json.dumps(DOCUMENTED, indent=2))
    (here / "template.json").write_bytes(text.encode())
    accepted(flowplan)


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text, lambda text: "---\n" + text + "...\n"], ids=["CRLF", "BOM", "markers"])  # fmt: skip
def test_yaml_is_accepted_however_it_is_ended(here, flowplan, change):
    (here / "template.yaml").write_bytes(change(DOCUMENTED_YAML).encode())
    accepted(flowplan)


@pytest.mark.parametrize(
    "extra",
    [
        {"ui_metadata": {"config": {"search": [1, {"deep": None}]}, "type": "x"}},
        {"version": {"template": "1.0.0"}},
        {"version": {"compatibility": ["3.0.0"]}},
        {"use_case": ""},
        {"description": ""},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_the_grammars_other_fields_are_accepted(here, flowplan, extra):
    write(here / "template.json", DOCUMENTED | extra)
    accepted(flowplan)


def test_user_params_are_accepted(here, flowplan):
    template = json.loads(json.dumps(DOCUMENTED))
    template["workflows"]["provision"]["user_params"] = {"anything": "at all"}
    write(here / "template.json", template)
    assert flowplan("validate").code == 0


def test_another_workflow_is_accepted_and_unused(here, flowplan):
    template = json.loads(json.dumps(DOCUMENTED))
    template["workflows"]["ingest"] = {"nodes": [{"id": "later", "type": "noop"}]}
    write(here / "template.json", template)
    result = flowplan("validate")
    assert result.code == 0
    assert "ingest" in result.err
    assert flowplan("plan", "--format", "json").json["summary"]["create"] == 3


def test_without_edges_the_order_is_that_of_the_inputs(here, flowplan):
    template = json.loads(json.dumps(DOCUMENTED))
    del template["workflows"]["provision"]["edges"]
    template["workflows"]["provision"]["nodes"].reverse()
    write(here / "template.json", template)
    accepted(flowplan)


def test_the_older_provision_example_takes_its_key_as_a_param(here, flowplan, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    template = json.loads(json.dumps(DOCUMENTED))
    inputs(template, "create_connector_1")["credential"]["openAI_key"] = "${{ openai_key }}"
    write(here / "template.json", template)
    assert flowplan("validate").code == 1
    accepted(flowplan, "-p", "openai_key=12345")


def test_what_ml_commons_substitutes_is_sent_untouched(here, flowplan):
    template = json.loads(json.dumps(DOCUMENTED))
    body = '{ "model": "${parameters.model}", "x": {{y}}, "z": "{% raw %}", "list": ${parameters.messages} }'
    inputs(template, "create_connector_1")["actions"][0]["request_body"] = body
    write(here / "template.json", template)
    fields = flowplan("plan", "--format", "json").json["changes"][0]["fields"]
    assert body in [field["after"] for field in fields]
