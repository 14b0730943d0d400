"""Secrets are taken out of what is kept, and come back only with the key."""

from __future__ import annotations

import copy
import stat
from pathlib import Path
from typing import Any

import pytest

from flowplan.errors import FlowplanError
from flowplan.providers.registry import Registry
from flowplan.server.sealing import open_seal, split, whole

KEYS = (
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=",
)


def template(**parts: Any) -> dict[str, Any]:
    node = {"id": "a", "type": "create_connector", **parts}
    return {"name": "t", "workflows": {"provision": {"nodes": [node]}}}


@pytest.mark.parametrize(
    "sent",
    [
        template(user_inputs={"credential": {"key": "sk-1"}, "name": "n"}),
        template(type="nobody_knows", user_inputs={"credential": "sk-1"}),
        {
            "name": "t",
            "flowplan": {"params": {"k": {"sensitive": True, "default": "sk-1", "enum": ["sk-1"]}}},
        },
        {"name": "t", "workflows": {"x": {"user_params": {"credential": "sk-1"}}}},
        {"name": "t", "workflows": {"x": {"nodes": ["odd", {"user_inputs": 1}]}, "y": 2}},
    ],
)
def test_a_template_is_split_and_put_together_again(sent: dict[str, Any]) -> None:
    before = copy.deepcopy(sent)
    shown, hidden = split(sent, Registry())
    assert "sk-1" not in str(shown)
    assert sent == before
    assert whole(shown, hidden) == before


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "key"
    text = open_seal(file, {}).close({"a": ["é", 1]})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert open_seal(file, {}).open(text) == {"a": ["é", 1]}
    assert "é" not in text


def test_the_key_of_the_environment_comes_first_and_makes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    text = open_seal(file, {"FLOWPLAN_SERVE_KEY": KEYS[0]}).close("x")
    assert not file.exists()
    with pytest.raises(FlowplanError) as caught:
        open_seal(file, {"FLOWPLAN_SERVE_KEY": KEYS[1]}).open(text)
    assert caught.value.diagnostics[0].code == "FP680"


@pytest.mark.parametrize("key", ["short", "é", KEYS[0][:-4]])
def test_a_key_that_is_none_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    with pytest.raises(FlowplanError) as caught:
        open_seal(tmp_path / "key", {"FLOWPLAN_SERVE_KEY": key})
    (told,) = caught.value.diagnostics
    assert told.code == "FP681"
    assert f" {key}" not in told.summary


def test_a_key_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("broken")
    with pytest.raises(FlowplanError) as caught:
        open_seal(tmp_path / "key", {})
    assert str(tmp_path / "key") in caught.value.diagnostics[0].summary
