"""The documentation's workflow, and what a shell gets back: all that these tests know of flowplan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-canary-51c0ffee"
NAME = "createconnector-registerremotemodel-deploymodel"

DOCUMENTED: dict[str, Any] = {
    "name": NAME,
    "description": "This template creates a connector to a remote model, registers it, and deploys that model",
    "use_case": "REMOTE_MODEL_DEPLOYMENT",
    "version": {"template": "1.0.0", "compatibility": ["2.12.0", "3.0.0"]},
    "workflows": {
        "provision": {
            "nodes": [
                {
                    "id": "create_connector_1",
                    "type": "create_connector",
                    "user_inputs": {
                        "name": "OpenAI Chat Connector",
                        "description": "The connector to public OpenAI model service for GPT 3.5",
                        "version": "1",
                        "protocol": "http",
                        "parameters": {"endpoint": "api.openai.com", "model": "gpt-3.5-turbo"},
                        "credential": {"openAI_key": "12345"},
                        "actions": [
                            {
                                "action_type": "predict",
                                "method": "POST",
                                "url": "https://${parameters.endpoint}/v1/chat/completions",
                            }
                        ],
                    },
                },
                {
                    "id": "register_model_2",
                    "type": "register_remote_model",
                    "previous_node_inputs": {"create_connector_1": "connector_id"},
                    "user_inputs": {
                        "name": "openAI-gpt-3.5-turbo",
                        "function_name": "remote",
                        "description": "test model",
                    },
                },
                {
                    "id": "deploy_model_3",
                    "type": "deploy_model",
                    "previous_node_inputs": {"register_model_2": "model_id"},
                },
            ],
            "edges": [
                {"source": "create_connector_1", "dest": "register_model_2"},
                {"source": "register_model_2", "dest": "deploy_model_3"},
            ],
        }
    },
}
"""The documentation's template as it stands there, its key a literal."""

DOCUMENTED_YAML = """\
# This name is required
name: createconnector-registerremotemodel-deploymodel
# Other fields are optional but useful
description: This template creates a connector to a remote model, registers it, and
  deploys that model
# Other templates with a similar use case can be searched
use_case: REMOTE_MODEL_DEPLOYMENT
version:
  # Templates may be versioned by their authors
  template: 1.0.0
  # Compatibility with OpenSearch 2.12.0 and higher and 3.0.0 and higher
  compatibility:
  - 2.12.0
  - 3.0.0
# One or more workflows can be included, presently only provision is supported
workflows:
  provision:
    nodes:
    # These nodes are the workflow steps corresponding to ML Commons APIs
    # This ID must be unique to this workflow
    - id: create_connector_1
      # There may be multiple steps with the same type
      type: create_connector
      # These inputs match the Create Connector API body
      user_inputs:
        name: OpenAI Chat Connector
        description: The connector to public OpenAI model service for GPT 3.5
        version: '1'
        protocol: http
        parameters:
          endpoint: api.openai.com
          model: gpt-3.5-turbo
        credential:
          openAI_key: '12345'
        actions:
        - action_type: predict
          method: POST
          url: https://${parameters.endpoint}/v1/chat/completions
    # This ID must be unique to this workflow
    - id: register_model_2
      type: register_remote_model
      # This step needs the connector_id produced as an output of the previous step
      previous_node_inputs:
        create_connector_1: connector_id
      # These inputs match the Register Model API body
      user_inputs:
        name: openAI-gpt-3.5-turbo
        function_name: remote
        description: test model
    # This ID must be unique to this workflow
    - id: deploy_model_3
      type: deploy_model
      # This step needs the model_id produced as an output of the previous step
      previous_node_inputs:
        register_model_2: model_id
    # Since the nodes include previous_node_inputs these are optional to define
    # They will be added automatically and included in the stored template
    # Additional edges may also be added here if required for sequencing
    edges:
    - source: create_connector_1
      dest: register_model_2
    - source: register_model_2
      dest: deploy_model_3
"""


def chat(**flowplan: Any) -> dict[str, Any]:
    """The same with its key taken from a param, and an output."""
    template: dict[str, Any] = json.loads(json.dumps(DOCUMENTED))
    inputs(template, "create_connector_1")["credential"]["openAI_key"] = "${{ openai_key }}"
    template["flowplan"] = {
        "params": {"openai_key": {"type": "string", "sensitive": True}},
        "outputs": {"model_id": "${{ deploy_model_3.model_id }}"},
        **flowplan,
    }
    return template


def inputs(template: dict[str, Any], node: str) -> dict[str, Any]:
    """The `user_inputs` of a node, to be changed."""
    nodes = template["workflows"]["provision"]["nodes"]
    found: dict[str, Any] = next(item for item in nodes if item["id"] == node)["user_inputs"]
    return found


def write(path: Path, template: Mapping[str, Any]) -> Path:
    """As JSON, which is YAML, too."""
    path.write_text(json.dumps(template, indent=2, ensure_ascii=False))
    return path


@dataclass(frozen=True)
class Result:
    """What a shell gets back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def codes(self) -> list[str]:
        """The codes of the diagnostics document."""
        return [item["code"] for item in self.json["diagnostics"]]


def start(*argv: str, **settings: Any) -> subprocess.Popen[str]:
    """A process of its own, its output in pipes."""
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    settings.setdefault("env", dict(os.environ))
    settings["env"]["PYTHONPATH"] = str(ROOT)
    return subprocess.Popen([sys.executable, "-m", "flowplan", *argv], text=True, **settings)


def files(directory: Path) -> dict[str, bytes]:
    """Every file below a directory with its bytes."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
