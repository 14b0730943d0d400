"""The calls of Flow Framework's documentation, as its pages write them, from a shell.

Only what has to differ is put in its place: the host, the id, and the files that are sent. What the
pages show as `METHOD /path` is sent by curl as well.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.server.process import Served

__all__ = ["cycle"]

_HOST, _ID = "http://localhost:9200", "8xL8bowB8y25Tqfenm50"
CREATE = (
    'curl -XPOST "http://localhost:9200/_plugins/_flow_framework/workflow"'
    " -H 'Content-Type: application/{kind}'"
)
UPDATE = "PUT /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50"
STATUS = "GET /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50/_status"
ALL = "GET /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50/_status?all=true"
QUERY = "POST /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50/_provision?openai_key=12345"
BODY = """POST /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50/_provision
{
  "openai_key" : "12345"
}"""
PROVISION = "POST /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50/_provision"
WAIT = (
    "POST /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50/_provision"
    "?wait_for_completion_timeout=2s"
)
DEPROVISION = "POST /_plugins/_flow_framework/workflow/8xL8bowB8y25Tqfenm50/_deprovision"
AT_ONCE = "POST /_plugins/_flow_framework/workflow?provision=true"
UNCHECKED = "POST /_plugins/_flow_framework/workflow?validation=none"

TEMPLATE = """\
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
    # These nodes are the workflow steps corresponding to ML Commons APIs
    nodes:
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
DONE = {"create_connector", "register_remote_model", "deploy_model"}


def cycle(
    served: Served, change: Callable[[dict[str, Any]], dict[str, Any]] = lambda made: made
) -> None:
    """Every call of the pages once; `change` makes a template fit the cluster."""
    written = change(yaml.safe_load(TEMPLATE))
    asking = json.loads(json.dumps(written).replace('"12345"', '"${{ openai_key }}"'))
    plain = written == yaml.safe_load(TEMPLATE)
    files = served.directory
    # With its comments, where the cluster takes it as the page has it.
    (files / "t.yaml").write_text(TEMPLATE if plain else yaml.safe_dump(written))
    (files / "t.json").write_text(json.dumps(written))
    (files / "asking.json").write_text(json.dumps(asking))
    say = _Shell(served)

    first = say(CREATE.format(kind="yaml"), "t.yaml")
    assert say(STATUS, id=first["workflow_id"]) == {**first, "state": "NOT_STARTED"}
    _provisioned(say, first, WAIT)
    second = say(CREATE.format(kind="json"), "asking.json")
    assert say(UPDATE, "asking.json", id=second["workflow_id"]) == second
    _provisioned(say, second, QUERY)
    _provisioned(say, second, BODY)
    third = say(AT_ONCE, "t.json")
    served.until(third["workflow_id"], "COMPLETED", "FAILED")
    assert say(DEPROVISION, id=third["workflow_id"]) == third
    fourth = say(UNCHECKED, "t.json")
    _provisioned(say, fourth, PROVISION)


def _provisioned(say: _Shell, made: dict[str, str], line: str) -> None:
    """Provision a workflow with a call of the page, look at it, and take it back."""
    name = made["workflow_id"]
    assert say(line, id=name)["workflow_id"] == name
    say.served.until(name, "COMPLETED", "FAILED")
    status = say(ALL, id=name)
    assert status["state"] == "COMPLETED", status
    assert status["provisioning_progress"] == "DONE"
    assert {item["workflow_step_name"] for item in status["resources_created"]} == DONE
    assert say(DEPROVISION, id=name) == made


class _Shell:
    def __init__(self, served: Served) -> None:
        self.served = served

    def __call__(self, line: str, file: str = "", id: str = _ID) -> Any:
        """What a line answers, which may send a file."""
        if not line.startswith("curl"):
            line = _as_curl(line)
        line = line.replace(_HOST, self.served.url).replace(_ID, id)
        if file:
            kind = "" if "Content-Type" in line else " -H 'Content-Type: application/json'"
            line += f"{kind} --data-binary @{file}"
        done = subprocess.run(
            ["bash", "-c", f"{line} -s"], cwd=Path(self.served.directory), capture_output=True,
            text=True, check=True, timeout=120,
        )  # fmt: skip
        return json.loads(done.stdout)


def _as_curl(call: str) -> str:
    """`METHOD /path` and what is below it, as the button beside it copies it."""
    found = re.fullmatch(r"(\w+) (\S+)\n?(.*)", call, re.DOTALL)
    assert found is not None
    line = f'curl -X{found[1]} "{_HOST}{found[2]}"'
    if found[3]:
        line += f" -H 'Content-Type: application/json' -d '{found[3]}'"
    return line
