"""`plan --out`, then `apply --plan`: what was reviewed is what is done, once, and only if it fits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.chat import KEY, chat, files, inputs, write


def with_model(default="gpt-3.5-turbo"):
    template = chat(
        params={
            "openai_key": {"type": "string", "sensitive": True},
            "model": {"type": "string", "default": default},
        }
    )
    inputs(template, "create_connector_1")["parameters"]["model"] = "${{ model }}"
    return template


@pytest.fixture
def saved(here: Path, flowplan) -> Path:
    """A directory with a template and its saved plan."""
    write(here / "template.yaml", with_model())
    assert flowplan("plan", "--out", "p.plan").code == 0
    return here


def stale(result, directory, before):
    """Exit 5 with a diagnostic, and nothing written but the lock's own empty file."""
    assert result.code == 5
    assert "FP" in result.out + result.err
    after = {name: data for name, data in files(directory).items() if not own(name)}
    assert after == {name: data for name, data in before.items() if not own(name)}


def own(name):
    return name.startswith(".flowplan") or name.endswith(".lock")


def test_it_is_applied_without_asking(saved, flowplan):
    assert flowplan("apply", "--plan", "p.plan").code == 0


def test_it_works_once(saved, flowplan):
    flowplan("apply", "--plan", "p.plan")
    before = files(saved)
    stale(flowplan("apply", "--plan", "p.plan"), saved, before)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_changed_template_makes_it_stale(saved, flowplan, form):
    write(saved / "template.yaml", with_model() | {"description": "changed"})
    before = files(saved)
    stale(flowplan("apply", "--plan", "p.plan", "--format", form), saved, before)


def test_a_template_that_only_moved_its_spaces_is_the_same(saved, flowplan):
    (saved / "template.yaml").write_text(json.dumps(with_model()))
    assert flowplan("apply", "--plan", "p.plan").code == 0


def test_a_changed_state_makes_it_stale(saved, flowplan):
    assert flowplan("apply", "--auto-approve").code == 0
    before = files(saved)
    stale(flowplan("apply", "--plan", "p.plan"), saved, before)


def test_another_param_makes_it_stale(saved, flowplan):
    before = files(saved)
    stale(flowplan("apply", "--plan", "p.plan", "-p", "model=gpt-4o"), saved, before)


def test_another_secret_makes_it_stale(saved, flowplan, monkeypatch):
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "sk-another")
    before = files(saved)
    stale(flowplan("apply", "--plan", "p.plan"), saved, before)


def test_everything_that_moved_is_named(here, flowplan, monkeypatch):
    write(here / "template.yaml", with_model())
    assert flowplan("apply", "--auto-approve", "-q").code == 0
    assert flowplan("plan", "--out", "p.plan").code == 0
    write(here / "template.yaml", with_model() | {"description": "changed"})
    assert flowplan("apply", "--auto-approve", "-q", "-p", "model=gpt-4o").code == 0
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", "sk-another")
    result = flowplan("apply", "--plan", "p.plan", "-p", "model=gpt-5")
    assert result.code == 5
    told = " ".join(result.err.split())
    assert "the state is at serial 2, the plan was made at 1" in told
    assert "the template changed" in told
    assert "the params model, openai_key changed" in told


def test_a_plan_without_the_digests_of_its_secrets_is_judged_as_a_whole(saved, flowplan):
    """As an older flowplan wrote it."""
    document = json.loads((saved / "p.plan").read_text())
    del document["plan"]["binding"]["secrets"]
    document["plan"].pop("not_given")
    document["params"] = {}
    (saved / "p.plan").write_text(json.dumps(document))
    result = flowplan("apply", "--plan", "p.plan", "-p", "model=gpt-4o")
    assert result.code == 5
    assert "changed" in result.err


def test_a_missing_secret_is_asked_for_before_anything_is_written(saved, flowplan, monkeypatch):
    monkeypatch.delenv("FLOWPLAN_PARAM_openai_key")
    before = files(saved)
    result = flowplan("apply", "--plan", "p.plan")
    assert result.code in {1, 5}
    assert "openai_key" in result.err
    assert files(saved) == before


def test_plain_params_travel_in_it(here, flowplan):
    write(here / "template.yaml", with_model())
    assert flowplan("plan", "--out", "p.plan", "-p", "model=gpt-4o").code == 0
    assert flowplan("apply", "--plan", "p.plan").code == 0
    shown = flowplan("state", "show", "create_connector_1").out
    assert "gpt-4o" in shown


def test_a_param_of_the_environment_that_changed_makes_it_stale(here, flowplan, monkeypatch):
    write(here / "template.yaml", with_model())
    monkeypatch.setenv("FLOWPLAN_PARAM_model", "gpt-4o")
    assert flowplan("plan", "--out", "p.plan").code == 0
    monkeypatch.setenv("FLOWPLAN_PARAM_model", "gpt-5")
    before = files(here)
    stale(flowplan("apply", "--plan", "p.plan"), here, before)


def test_it_holds_no_secret(saved):
    assert KEY.encode() not in b"".join(files(saved).values())


def test_another_cluster_makes_it_stale(saved, flowplan):
    before = files(saved)
    result = flowplan("apply", "--plan", "p.plan", "--endpoint", "sandbox:.flowplan/elsewhere.db")
    stale(result, saved, before)


def test_a_cluster_that_does_not_answer_changes_nothing(saved, flowplan):
    before = files(saved)
    result = flowplan("apply", "--plan", "p.plan", "--endpoint", "http://127.0.0.1:1")
    assert result.code == 1
    assert "FP322" in result.err
    assert {name: data for name, data in files(saved).items() if not own(name)} == {name: data for name, data in before.items() if not own(name)}  # fmt: skip


def test_the_same_cluster_under_other_options_is_the_same(saved, flowplan):
    assert flowplan("apply", "--plan", "p.plan", "--endpoint", "sandbox:?deploy=10ms").code == 0


def test_it_works_from_another_directory(saved, flowplan, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert flowplan("apply", "--plan", str(saved / "p.plan")).code == 0
    assert (saved / "template.state.json").is_file()


def test_a_destroy_plan_destroys(applied, flowplan):
    assert flowplan("plan", "--destroy", "--out", "p.plan").code == 0
    result = flowplan("apply", "--plan", "p.plan", "--format", "json")
    assert result.code == 0
    assert result.lines[-1]["state"] == "NOT_STARTED"


def test_a_plan_of_nothing_can_be_applied(applied, flowplan):
    assert flowplan("plan", "--out", "p.plan").code == 0
    assert flowplan("apply", "--plan", "p.plan").code == 0


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"{", b'{"format_version": "99.0"}'], ids=repr
)  # fmt: skip
@pytest.mark.parametrize("verb", [("apply", "--plan"), ("show",)], ids=" ".join)
def test_what_is_no_plan_is_refused(project, flowplan, content, verb):
    (project / "p.plan").write_bytes(content)
    result = flowplan(*verb, "p.plan")
    assert result.code == 1
    assert "error[FP" in result.err


@pytest.mark.parametrize("verb", [("apply", "--plan"), ("show",)], ids=" ".join)
@pytest.mark.parametrize("name", ["missing.plan", "."])
def test_a_plan_that_cannot_be_read_is_told(project, flowplan, verb, name):
    result = flowplan(*verb, name)
    assert result.code == 1
    assert "error[FP" in result.err


def test_an_edited_plan_is_refused(saved, flowplan):
    text = (saved / "p.plan").read_text()
    assert "gpt-3.5-turbo" in text
    (saved / "p.plan").write_text(text.replace("gpt-3.5-turbo", "gpt-evil"))
    result = flowplan("apply", "--plan", "p.plan")
    assert result.code in {1, 5}
    assert not (saved / "template.state.json").exists()


def test_a_plan_and_a_template_that_is_not_its_own_are_refused(saved, flowplan):
    write(saved / "other.yaml", with_model() | {"name": "other"})
    result = flowplan("apply", "other.yaml", "--plan", "p.plan")
    assert result.code in {1, 5, 64}
    assert not (saved / "template.state.json").exists()
    assert not (saved / "other.state.json").exists()
