"""A directory with a template, and flowplan called as from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from flowplan.__main__ import main

TEMPLATE = """\
name: chat
workflows:
  provision:
    nodes:
      - id: create_connector_1
        type: create_connector
        user_inputs:
          name: chat connector
          version: "1"
          protocol: http
          parameters: {model: "${{ model }}"}
          credential: {openAI_key: "${{ openai_key }}"}
          actions:
            - {action_type: predict, method: POST, url: "https://api.openai.com/v1/chat"}
      - id: register_model_2
        type: register_remote_model
        previous_node_inputs: {create_connector_1: connector_id}
        user_inputs: {name: chat model, function_name: remote}
      - id: deploy_model_3
        type: deploy_model
        previous_node_inputs: {register_model_2: model_id}
flowplan:
  params:
    openai_key: {type: string, sensitive: true}
    model: {default: gpt-3.5-turbo}
  outputs: {model_id: "${{ deploy_model_3.model_id }}"}
"""
SECRET = "sk-planted-in-the-tests"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Nothing of the caller's environment decides a test."""
    for name in ("CI", "FLOWPLAN_ENDPOINT", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FLOWPLAN_PARAM_openai_key", SECRET)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def project(tmp_path):
    """A directory with `template.yaml`."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path


@pytest.fixture
def flowplan(capsys):
    """Call flowplan in this process."""

    def call(*argv: str) -> Result:
        capsys.readouterr()
        code = main(argv)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert SECRET not in out + err
        return Result(code, out, err)

    return call


@pytest.fixture
def applied(project, flowplan):
    """The same after an apply."""
    result = flowplan("apply", "--auto-approve")
    assert result.code == 0, result.err
    return project


@pytest.fixture
def process():
    """Start flowplan as a process of its own."""
    started = []

    def start(*argv: str, **settings) -> subprocess.Popen[str]:
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        child = subprocess.Popen(
            [sys.executable, "-m", "flowplan", *argv], text=True, env={**os.environ}, **settings
        )
        started.append(child)
        return child

    yield start
    for child in started:
        if child.poll() is None:
            child.kill()
        child.communicate()
