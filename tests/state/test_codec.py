from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from flowplan.errors import StateError
from flowplan.protocol import Owned
from flowplan.state import codec
from flowplan.state.codec import decode, encode
from flowplan.state.model import ClusterIdentity, Deposed, OutputRecord, ProvisionStatus

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schema" / "state.json").read_text("utf-8")
)


@pytest.fixture
def full(state, record):
    made = record(
        inputs={"name": "ö", "credential": {"$flowplan.sealed": "00"}},
        deposed=(Deposed("create_connector", "connector_id", "old"),),
        owned=(Owned("model_group", "g"),),
    )
    return state(
        serial=7,
        cluster=ClusterIdentity("uuid", "https://x"),
        status=ProvisionStatus("COMPLETED", None, 1, 2, "ann"),
        outputs={"model_id": OutputRecord("m"), "key": OutputRecord(None, sensitive=True)},
    ).put(made)


def problem_of(data, **options):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(StateError) as caught:
        decode(raw, "t.state.json", **options)
    return caught.value.diagnostics[0]


def test_a_state_comes_back_equal(full):
    assert decode(encode(full), "t") == full


def test_equal_states_give_equal_bytes(full, state):
    assert encode(decode(encode(full), "t")) == encode(full)


def test_the_document_is_indented_text_with_a_newline_at_its_end(full):
    text = encode(full).decode()
    assert text.endswith("}\n")
    assert '\n  "format_version": 1' in text
    assert "ö" in text


def test_each_field_of_a_resource_and_each_value_in_it_has_a_line_of_its_own(full):
    lines = encode(full).decode().splitlines()
    assert '      "in_use": false,' in lines
    assert '      "observed": null,' in lines
    assert '      "inputs": {"credential": {"$flowplan.sealed": "00"},' in lines
    assert '        "name": "ö"},' in lines
    assert '  "cluster": {"endpoint": "https://x", "uuid": "uuid"},' in lines
    assert '    "model_id": {"sensitive": false, "value": "m"}' in lines


def test_one_changed_value_is_one_changed_line(full, record):
    node = next(iter(full.resources.values()))
    after = full.put(replace(node, inputs={**node.inputs, "name": "new"}))
    pairs = zip(encode(full).splitlines(), encode(after).splitlines(), strict=True)
    assert [new for old, new in pairs if old != new] == [b'        "name": "new"},']


def test_an_empty_state_is_a_document_too(state):
    text = encode(state()).decode()
    assert '"resources": [],' in text
    assert '"outputs": {},' in text
    assert decode(text.encode(), "t") == state()


def test_a_document_as_it_was_indented_before_reads_the_same(full):
    before = json.dumps(json.loads(encode(full)), indent=2, sort_keys=True)
    assert decode(before.encode(), "t") == full


def test_what_is_no_json_can_not_be_written(state):
    with pytest.raises(ValueError, match="JSON"):
        encode(state(outputs={"o": OutputRecord(float("nan"))}))


def test_resources_keep_the_order_in_which_they_were_made(state):
    assert list(decode(encode(state("z", "a", "m")), "t").resources) == ["z", "a", "m"]


def test_a_lone_surrogate_comes_back(state):
    odd = state(outputs={"o": OutputRecord("\ud800")})
    assert decode(encode(odd), "t") == odd


def test_the_document_fits_the_published_schema(full):
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator(SCHEMA).validate(json.loads(encode(full)))


def test_the_published_schema_knows_every_field(full):
    validator = Draft7Validator(SCHEMA)
    plain = json.loads(encode(full))
    for place in (plain, plain["resources"][0], plain["status"], plain["cluster"]):
        place["colour"] = 1
        assert not validator.is_valid(plain)
        del place["colour"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (b"{", "line 1, column 2"),
        (b'{"a":\n 1,}', "line 2"),
        (b"\xff\xfe\x00", "decode"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
    ],
)
def test_damaged_bytes_are_refused(data, words):
    problem = problem_of(data)
    assert problem.code == "FP402"
    assert "t.state.json" in problem.summary
    assert words in problem.detail


def test_a_damaged_state_names_the_command_that_restores_the_backup():
    problem = problem_of(b"{", backup="my t.state.json.backup")
    assert "\n  cp 'my t.state.json.backup' t.state.json" in problem.hint


def test_a_damaged_state_without_a_backup_has_a_remedy_too():
    assert problem_of(b"{").hint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lineage": ""}, "lineage"),
        ({"lineage": 5}, "lineage"),
        ({"lineage": "../x"}, "lineage"),
        ({"salt": "xyz"}, "salt"),
        ({"salt": "abc"}, "salt"),
        ({"workflow": None}, "workflow"),
        ({"serial": -1}, "serial"),
        ({"serial": "1"}, "serial"),
        ({"serial": True}, "serial"),
        ({"resources": {}}, "resources"),
        ({"resources": [{"node": "a"}]}, "resources[0].type"),
        (
            {"resources": [{"node": "a", "type": "noop"}] * 2},
            'resources[1].node: "a" is there twice',
        ),
        ({"outputs": []}, "outputs"),
        ({"outputs": {"o": {"sensitive": 1}}}, "outputs.o.sensitive"),
        ({"status": {"state": "DONE"}}, "status.state"),
        ({"cluster": None}, "cluster"),
        ({"colour": 1}, "colour: this field is not known"),
        ({"format_version": 0}, "format_version"),
        ({"format_version": "1"}, "format_version"),
        ({"format_version": True}, "format_version"),
    ],
)
def test_wrong_content_is_refused_with_its_path(full, change, words):
    problem = problem_of({**json.loads(encode(full)), **change})
    assert problem.code == "FP403"
    assert words in problem.detail


@pytest.mark.parametrize("name", ["lineage", "serial", "resources", "cluster", "format_version"])
def test_a_missing_field_is_refused_by_name(full, name):
    plain = json.loads(encode(full))
    del plain[name]
    problem = problem_of(plain)
    assert problem.code == "FP403"
    assert problem.detail.startswith(f"{name}: ")


def test_a_document_that_is_no_object_is_refused():
    assert problem_of([]).code == "FP403"


def test_a_newer_format_asks_for_an_upgrade(full):
    problem = problem_of({**json.loads(encode(full)), "format_version": 2}, backup="b")
    assert problem.code == "FP404"
    assert "format 2" in problem.detail
    assert problem.hint == "Upgrade flowplan."


def test_an_older_format_without_a_migration_is_refused(full, monkeypatch):
    def gap(document, version):
        raise LookupError("nothing leads from format 1 to 2")

    monkeypatch.setattr(codec, "migrate", gap)
    assert "nothing leads from format 1" in problem_of(encode(full)).detail
