"""Files that are broken, huge, unreadable or not files: a message with exit 1, never a traceback."""

from __future__ import annotations

import json
import os
import random

import pytest

from tests.acceptance.chat import DOCUMENTED, DOCUMENTED_YAML, chat, files, write

CONTENTS = {
    "nothing": b"",
    "spaces": b"  \n\n",
    "a comment": b"# nothing here\n",
    "null": b"null\n",
    "a number": b"42\n",
    "a string": b"hello\n",
    "a list": b"- a\n- b\n",
    "true": b"true",
    "not UTF-8": b"name: caf\xe9\nworkflows: {}\n",
    "UTF-16": "name: x\n".encode("utf-16"),
    "NUL": b"name: a\x00b\n",
    "binary": bytes(range(256)) * 4,
    "control": b"name: a\x1b[31mb\n",
    "unclosed": b"name: {a: [1, 2\n",
    "tab": b"name:\n\t- a\n",
    "two documents": b"name: a\n---\nname: b\n",
    "a tag": b"name: !!python/object/apply:os.system ['true']\n",
    "aliases": b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]\n",
    "a duplicate key": b"name: a\nname: b\n",
    "deep YAML": b"a: " + b"[" * 5000 + b"]" * 5000,
    "deep JSON": b'{"a": ' * 5000 + b"1" + b"}" * 5000,
    "a huge number": b"name: x\nversion: {template: " + b"9" * 5000 + b"}\n",
    "NaN": b'{"name": NaN}',
    "no workflows": b"name: x\n",
    "no provision": b"name: x\nworkflows: {}\n",
    "no nodes": b"name: x\nworkflows: {provision: {}}\n",
    "nodes no list": b"name: x\nworkflows: {provision: {nodes: {a: b}}}\n",
    "node no map": b"name: x\nworkflows: {provision: {nodes: [a, 3, null]}}\n",
    "inputs no map": b"name: x\nworkflows: {provision: {nodes: [{id: a, type: noop, user_inputs: 3}]}}\n",
    "flowplan no map": b"name: x\nflowplan: 3\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\n",
    "params no map": b"name: x\nflowplan: {params: [a]}\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\n",
    "outputs no map": b"name: x\nflowplan: {outputs: 3}\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\n",
    "id no text": b"name: x\nworkflows: {provision: {nodes: [{id: [1], type: noop}]}}\n",
    "type no text": b"name: x\nworkflows: {provision: {nodes: [{id: a, type: {}}]}}\n",
    "edges no list": b"name: x\nworkflows: {provision: {nodes: [{id: a, type: noop}], edges: 3}}\n",
    "edge no map": b"name: x\nworkflows: {provision: {nodes: [{id: a, type: noop}], edges: [3]}}\n",
    "bad expression": b"name: x\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\nflowplan: {outputs: {x: '${{ 1 + }}'}}\n",
    "bomb": b"name: x\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\nflowplan: {outputs: {x: \"${{ 'a' * 1000000000 }}\"}}\n",
    "open expression": b"name: x\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\nflowplan: {outputs: {x: '${{ a'}}\n",
    "null name": b"name: null\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\n",
    "empty name": b"name: ''\nworkflows: {provision: {nodes: [{id: a, type: noop}]}}\n",
    "number keys": b"1: a\n2: b\n",
    "list keys": b"? [a, b]\n: c\n",
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", ["template.yaml", "template.json"])
def test_a_broken_template_is_exit_1_with_fp1xx(here, flowplan, conforms, content, name):
    (here / name).write_bytes(CONTENTS[content])
    result = flowplan("validate", "--format", "json")
    assert result.code == 1
    found = conforms(result.json, "diagnostics")["diagnostics"]
    errors = [item for item in found if item["severity"] == "error"]
    assert errors
    assert all(item["code"].startswith("FP1") for item in found)
    assert all(item["summary"] for item in found)
    text = flowplan("plan")
    assert text.code == 1
    assert f"error[{errors[0]['code']}]" in text.err
    assert "\x1b" not in text.err
    assert set(files(here)) == {name}


@pytest.mark.parametrize("content", ["nothing", "binary", "a list", "deep JSON", "NaN", "not UTF-8", "a duplicate key"])  # fmt: skip
def test_a_broken_params_file_is_told_with_its_name(project, flowplan, content):
    (project / "params.yaml").write_bytes(CONTENTS[content])
    result = flowplan("plan", "--params-file", "params.yaml")
    if content == "nothing" and result.code == 0:
        return  # no params at all is what it says
    assert result.code == 1
    assert "params.yaml" in result.err


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff", b"{", b'{"format_version": "99.0"}', b'{"format_version": 1}'], ids=repr
)  # fmt: skip
@pytest.mark.parametrize("verb", ["plan", "apply", "destroy", "status", "show", "output"])
def test_a_broken_state_is_told_and_left_alone(project, flowplan, content, verb):
    (project / "template.state.json").write_bytes(content)
    result = flowplan(verb, *(("--auto-approve",) if verb in {"apply", "destroy"} else ()))
    assert result.code == 1
    assert "error[FP4" in result.err
    assert (project / "template.state.json").read_bytes() == content


@pytest.mark.parametrize("verb", ["plan", "status", "apply"])
def test_a_broken_journal_is_told(applied, flowplan, verb):
    (applied / "template.state.json.journal").write_bytes(b"\x00garbage\nmore garbage\n")
    result = flowplan(verb, *(("--auto-approve",) if verb == "apply" else ()))
    assert result.code in {0, 1}
    if result.code:
        assert "error[FP4" in result.err


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "graph"])
def test_a_directory_is_no_template(here, flowplan, verb):
    (here / "template.yaml.d").mkdir()
    result = flowplan(verb, "template.yaml.d")
    assert result.code == 1
    assert "error[FP1" in result.err


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "graph", "status", "destroy"])
def test_a_template_that_is_not_there_is_told(here, flowplan, verb):
    result = flowplan(verb, "none.yaml")
    assert result.code in {1, 0} if verb in {"status", "destroy"} else result.code == 1
    assert list(here.iterdir()) == []


def test_a_dangling_link_and_a_loop_are_told(here, flowplan):
    (here / "dangling.yaml").symlink_to("none.yaml")
    (here / "loop.yaml").symlink_to("loop.yaml")
    for name in ("dangling.yaml", "loop.yaml"):
        result = flowplan("plan", name)
        assert result.code == 1
        assert "error[FP1" in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_rights_is_told(project, flowplan):
    (project / "template.yaml").chmod(0)
    assert flowplan("plan").code == 1


def test_a_template_of_five_megabytes_is_answered_in_time(here, flowplan):
    template = chat()
    template["description"] = "x" * (5 << 20)
    write(here / "template.json", template)
    result = flowplan("validate")
    assert result.code in {0, 1}


def test_a_template_may_come_through_a_pipe_or_is_refused(here, process):
    read, written = os.pipe()
    child = process("validate", f"/dev/fd/{read}", pass_fds=[read])
    os.close(read)
    os.write(written, json.dumps(DOCUMENTED).encode())
    os.close(written)
    _, err = child.communicate(timeout=30)
    assert child.returncode in {0, 1}
    assert "Traceback" not in err


def test_every_mistake_of_a_template_is_told_at_once(here, flowplan):
    (here / "template.yaml").write_text(
        "name: x\n"
        "nmae: y\n"  # unknown field
        "workflows:\n"
        "  provision:\n"
        "    nodes:\n"
        "      - {id: a, type: nop}\n"  # unknown type
        "      - {id: a, type: noop}\n"  # duplicate id
        "      - {type: noop}\n"  # no id
        "      - {id: b, type: deploy_model}\n"  # missing input
        "      - {id: c, type: noop, previous_node_inputs: {zz: model_id}}\n"  # unknown node
        "      - {id: d, type: deploy_model, user_inputs: {model_id: '${{ e.model_id }}'}}\n"
        "      - {id: f, type: deploy_model, user_inputs: {model_id: '${{ d.nothing }}'}}\n"
        "    edges:\n"
        "      - {source: c, dest: nowhere}\n"  # unknown end
        "      - {source: c, dest: c}\n"  # self edge
        "      - {source: d, dest: f}\n"
        "      - {source: f, dest: d}\n"  # cycle
    )
    found = flowplan("validate", "--format", "json").json["diagnostics"]
    errors = [item for item in found if item["severity"] == "error"]
    lines = {item["line"] for item in errors}
    assert {2, 6, 7, 8, 9, 10, 11, 12, 14, 15} <= lines
    assert any("d → f → d" in item["summary"] or "f → d → f" in item["summary"] for item in errors)
    assert all(item["file"] == "template.yaml" and item["column"] for item in errors)


@pytest.mark.parametrize("seed", range(60))
def test_a_template_cut_or_scrambled_anywhere_has_no_traceback(here, flowplan, seed):
    luck = random.Random(seed)
    name, text = luck.choice([("template.yaml", DOCUMENTED_YAML), ("template.json", json.dumps(DOCUMENTED, indent=1))])  # fmt: skip
    data = bytearray(text.encode())
    for _ in range(luck.randint(1, 4)):
        at = luck.randrange(len(data))
        kind = luck.randrange(4)
        if kind == 0:
            del data[at:]
            data += b" "
        elif kind == 1:
            data[at] = luck.randrange(256)
        elif kind == 2:
            del data[at : at + luck.randint(1, 30)]
            data += b"\n"
        else:
            data[at:at] = luck.choice([b"{", b"[", b"'", b'"', b"${{", b"}}", b": ", b"- ", b"\t", b"&a ", b"*a", b"!!x ", b"null"])  # fmt: skip
    (here / name).write_bytes(bytes(data))
    result = flowplan("plan", "--no-refresh", "--format", "json")
    assert result.code in {0, 1}
    assert isinstance(result.json, dict)
