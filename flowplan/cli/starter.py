"""The files that `flowplan init` writes: a project file, an example template, a .gitignore.

Texts only; tests plan and apply them. They name no schema for editors: there is no address yet
at which one could be had.
"""

from __future__ import annotations

__all__ = ["GITIGNORE", "TEMPLATE", "project_text"]

_PROJECT = """\
# The project: its template, and what differs between environments. Everything may be left
# out. Paths are relative to this file.
template: {template}
default_env: dev            # where neither -e nor FLOWPLAN_ENV names one

# Defaults, for each environment that says nothing else:
# params: {{model: gpt-4o}}   # -p, --params-file and FLOWPLAN_PARAM_model come first
# params_files: [params/common.yaml]
# state: .flowplan/{{env}}.state.json
# parallelism: 10
# allow_delete: [old_index] # may be deleted, with its data, without --allow-delete

environments:
  dev:
    endpoint: "sandbox:"    # the embedded cluster, in .flowplan/ beside this file

  # prod:
  #   endpoint: https://search.example.org:9200
  #   params:
  #     openai_key: {{env: OPENAI_KEY}}   # secrets are pointed to, never written here
  #   credentials:
  #     username: flowplan
  #     password: {{file: /run/secrets/opensearch}}
"""

TEMPLATE = """\
# A connector to a chat model, the model that is reached through it, and its deployment.
# This is a Flow Framework template; what stands under `flowplan` at its end is flowplan's own.
name: chat
workflows:
  provision:
    nodes:
      - id: create_connector
        type: create_connector
        user_inputs:
          name: chat connector
          description: The way to the chat model
          version: "1"
          protocol: http
          parameters: {endpoint: api.openai.com, model: "${{ model }}"}
          credential: {openAI_key: "${{ openai_key }}"}
          actions:
            - action_type: predict
              method: POST
              url: https://${parameters.endpoint}/v1/chat/completions
              headers: {Authorization: "Bearer ${credential.openAI_key}"}
              request_body: '{"model": "${parameters.model}", "messages": ${parameters.messages}}'
      - id: register_model
        type: register_remote_model
        previous_node_inputs: {create_connector: connector_id}
        user_inputs: {name: chat model, function_name: remote, description: "${{ model }}"}
      - id: deploy_model
        type: deploy_model
        previous_node_inputs: {register_model: model_id}
flowplan:
  params:
    model: {type: string, default: gpt-4o-mini}
    # The sandbox takes any key. Remove this default before you use a real cluster: then a key
    # that is missing is an error.
    openai_key: {type: string, sensitive: true, default: none}
  outputs:
    model_id: ${{ deploy_model.model_id }}
"""

GITIGNORE = """\
# The sandbox, and the states with their journals, locks and backups. A state that you want to
# share belongs in a remote place, or in a private repository.
.flowplan/
*.state.json
*.state.json.*
"""


def project_text(template: str) -> str:
    """The project file for a template of this file name."""
    return _PROJECT.format(template=template)
