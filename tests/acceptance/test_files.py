"""Which files are read and written, when none or some are named."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.chat import DOCUMENTED, DOCUMENTED_YAML, chat, files, write


@pytest.mark.parametrize("name", ["template.yaml", "template.yml", "template.json"])
def test_the_directorys_template_is_found_and_the_state_lies_beside_it(here, flowplan, name):
    write(here / name, chat())
    assert flowplan("apply", "--auto-approve").code == 0
    assert (here / "template.state.json").is_file()
    assert (here / ".flowplan" / "sandbox.db").is_file()


def test_yaml_comes_before_yml_and_json(here, flowplan):
    for name in ("template.json", "template.yml", "template.yaml"):
        write(here / name, chat() | {"name": name})
    assert flowplan("plan", "--format", "json").json["workflow"] == "template.yaml"
    (here / "template.yaml").unlink()
    assert flowplan("plan", "--format", "json").json["workflow"] == "template.yml"


def test_a_named_template_has_state_and_sandbox_in_its_own_directory(here, flowplan):
    (here / "sub").mkdir()
    write(here / "sub" / "chat.json", chat())
    assert flowplan("apply", "sub/chat.json", "--auto-approve").code == 0
    assert (here / "sub" / "chat.state.json").is_file()
    assert (here / "sub" / ".flowplan" / "sandbox.db").is_file()
    assert not (here / ".flowplan").exists()


def test_a_named_state_is_where_it_is_named(project, flowplan):
    assert flowplan("apply", "--state", "other.json", "template.yaml", "--auto-approve").code == 0
    assert (project / "other.json").is_file()
    assert not (project / "template.state.json").exists()


@pytest.mark.parametrize("verb", ["plan", "apply", "validate"])
def test_with_a_state_named_the_directorys_template_is_still_the_default(project, flowplan, verb):
    approve = ("--auto-approve",) if verb == "apply" else ()
    result = flowplan(verb, "--state", "other.json", *approve)
    assert result.code == 0, result.err


def test_a_state_kept_elsewhere_is_destroyed_on_the_sandbox_it_was_applied_to(
    project, flowplan, tmp_path
):
    (tmp_path / "states").mkdir()
    state = str(tmp_path / "states" / "chat.json")
    assert flowplan("apply", "--state", state, "--auto-approve").code == 0
    result = flowplan("destroy", "--state", state, "--auto-approve", "--format", "json")
    assert result.code == 0, result.out
    assert result.lines[-1]["deleted"] == 3


def test_destroy_needs_only_the_state(applied, flowplan):
    (applied / "template.yaml").unlink()
    result = flowplan("destroy", "--state", "template.state.json", "--auto-approve")
    assert result.code == 0
    assert flowplan("state", "list", "--state", "template.state.json").out == ""


def test_destroy_by_state_from_another_directory_finds_the_same_sandbox(
    applied, flowplan, tmp_path, monkeypatch
):
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    (applied / "template.yaml").unlink()
    result = flowplan("destroy", "--state", str(applied / "template.state.json"), "--auto-approve", "--format", "json")  # fmt: skip
    assert result.code == 0
    assert result.lines[-1]["deleted"] == 3


def test_yaml_and_json_of_one_template_plan_the_same_bytes(here, flowplan, tmp_path, monkeypatch):
    plans = []
    for name, text in (
        ("template.yaml", DOCUMENTED_YAML),
        ("template.json", json.dumps(DOCUMENTED)),
    ):
        directory = tmp_path / name
        directory.mkdir()
        (directory / name).write_text(text)
        monkeypatch.chdir(directory)
        result = flowplan("plan", "--format", "json")
        assert result.code == 0
        plans.append(result.out)
    assert plans[0] == plans[1]


def test_the_other_form_of_an_applied_template_changes_nothing(here, flowplan):
    (here / "template.yaml").write_text(DOCUMENTED_YAML)
    assert flowplan("apply", "--auto-approve").code == 0
    (here / "template.yaml").unlink()
    write(here / "template.json", DOCUMENTED)
    assert flowplan("plan", "--detailed-exitcode").code == 0


def test_two_templates_of_one_stem_do_not_share_a_state_unnoticed(here, flowplan):
    write(here / "a.yaml", chat() | {"name": "one"})
    write(here / "a.json", chat() | {"name": "two"})
    assert flowplan("apply", "a.yaml", "--auto-approve").code == 0
    before = files(here)
    result = flowplan("apply", "a.json", "--auto-approve")
    assert result.code == 1
    assert "one" in result.err
    assert "two" in result.err
    assert files(here) == before


@pytest.mark.parametrize(
    "argv",
    [("validate",), ("status",), ("graph",), ("show",), ("output",), ("state", "list")],
    ids=" ".join,
)  # fmt: skip
def test_what_only_reads_leaves_no_file_behind(project, flowplan, argv):
    assert flowplan(*argv).code in {0, 1}
    assert set(files(project)) == {"template.yaml"}


@pytest.mark.parametrize(
    "argv",
    [
        ("validate",), ("plan", "--no-refresh"), ("status",), ("graph",), ("show",), ("output",),
        ("state", "list"), ("state", "show", "deploy_model_3"), ("steps",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_reads_the_state_never_connects(applied, flowplan, argv):
    before = files(applied)
    assert flowplan(*argv, "--endpoint", "http://127.0.0.1:1").code == 0
    assert files(applied) == before


def test_warnings_do_not_make_the_plans_of_yaml_and_json_differ(
    here, flowplan, tmp_path, monkeypatch
):
    template = json.loads(json.dumps(DOCUMENTED))
    template["workflows"]["other"] = {"nodes": [{"id": "n", "type": "noop"}]}
    template["workflows"]["provision"]["nodes"][1]["user_inputs"]["descripton"] = "a slip"
    plans = []
    for name, indent in (("template.yaml", None), ("template.json", 4)):
        directory = tmp_path / f"in-{name}"
        directory.mkdir()
        (directory / name).write_text(json.dumps(template, indent=indent))
        monkeypatch.chdir(directory)
        plans.append(flowplan("plan", "--format", "json").out)
    assert plans[0] == plans[1]
    diagnostics = json.loads(plans[0])["diagnostics"]
    assert len(diagnostics) == 2
    assert all(item["file"] is item["line"] is item["column"] is None for item in diagnostics)
