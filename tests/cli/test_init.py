"""`flowplan init`: what it writes works at once, and nothing that is there is touched."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from flowplan.cli.starter import project_text
from flowplan.project.grammar import read_project

NODE = '{"id": "a", "type": "noop"}'
SCHEMAS = Path(__file__).parent.parent.parent / "docs" / "schema"


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")


def test_what_it_writes_is_planned_applied_and_destroyed_at_once(flowplan, tmp_path):
    assert flowplan("init").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "flowplan.yaml", "template.yaml", ".gitignore",
    }  # fmt: skip
    assert flowplan("validate", "--strict").err == ""
    result = flowplan("plan")
    assert (result.code, result.err) == (0, "")
    assert "Plan: 3 to create." in result.out
    assert flowplan("apply", "--auto-approve").code == 0
    assert "No changes." in flowplan("plan").out
    assert flowplan("destroy", "--auto-approve").code == 0


def test_the_last_line_is_the_command_to_type_next(flowplan, tmp_path):
    assert flowplan("init").out.splitlines()[-1] == "Next: flowplan plan"
    last = flowplan("init", "a b").out.splitlines()[-1]
    assert last == "Next: flowplan plan --project 'a b'"
    assert flowplan("plan", "--project", "a b").code == 0


def test_what_is_there_is_kept_and_said(flowplan, tmp_path):
    (tmp_path / "flowplan.yaml").write_text("# mine\n")
    (tmp_path / ".gitignore").write_text("mine\n")
    result = flowplan("init")
    assert "kept     flowplan.yaml, which was there" in result.out
    assert "created  template.yaml" in result.out
    assert (tmp_path / "flowplan.yaml").read_text() == "# mine\n"
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


@pytest.mark.parametrize("name", ["template.yml", "template.json"])
def test_a_template_that_is_there_is_the_projects(flowplan, tmp_path, name):
    (tmp_path / name).write_text(
        '{"name": "mine", "workflows": {"provision": {"nodes": [NODE]}}}'.replace("NODE", NODE)
    )
    assert f"kept     {name}" in flowplan("init").out
    assert not (tmp_path / "template.yaml").exists()
    assert read_project(tmp_path / "flowplan.yaml").template == name
    assert f"{name} is valid" in flowplan("validate").out


def test_a_link_is_not_followed(flowplan, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "flowplan.yaml").symlink_to(tmp_path / "elsewhere")
    assert "kept     d/flowplan.yaml" in flowplan("init", "d").out
    assert not (tmp_path / "elsewhere").exists()


def test_in_json_the_files_are_listed(flowplan):
    jsonschema = pytest.importorskip("jsonschema")
    document = flowplan("init", "new", "--format", "json").json
    jsonschema.validate(document, json.loads((SCHEMAS / "init.json").read_text()))
    assert {item["action"] for item in document["files"]} == {"created"}
    again = flowplan("init", "new", "--format", "json").json
    assert {item["action"] for item in again["files"]} == {"kept"}
    assert [item["path"] for item in document["files"]] == [
        "new/flowplan.yaml", "new/template.yaml", "new/.gitignore",
    ]  # fmt: skip


def test_git_ignores_sandbox_and_states(flowplan, tmp_path):
    flowplan("init")
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert {".flowplan/", "*.state.json", "*.state.json.*"} <= set(lines)


@pytest.mark.parametrize("name", ["file", "file/below", "a\0b"])
def test_a_directory_that_can_not_be_made_is_told(flowplan, tmp_path, name):
    (tmp_path / "file").touch(mode=stat.S_IRUSR)
    result = flowplan("init", name)
    assert result.code == 1
    assert "FP632" in result.err


def test_what_is_commented_out_is_right_when_it_is_taken_in(tmp_path):
    text = re.sub(r"(?m)^( *)# ( *[a-z_]+:( |$))", r"\1\2", project_text("t.yaml"))
    (tmp_path / "flowplan.yaml").write_text(text)
    project = read_project(tmp_path / "flowplan.yaml")
    assert list(project.environments) == ["dev", "prod"]
    assert project.common.parallelism == 10
    assert set(project.environments["prod"].credentials or ()) == {"username", "password"}
