"""A workflow of every kind of resource, for taking all of it over again."""

from __future__ import annotations

from typing import Any

__all__ = ["EVERYTHING"]

EVERYTHING: dict[str, Any] = {
    "name": "all-steps",
    "description": "x",
    "version": {"template": "1.0.0", "compatibility": ["3.0.0"]},
    "workflows": {
        "provision": {
            "nodes": [
                {
                    "id": "group",
                    "type": "register_model_group",
                    "user_inputs": {"name": "Shared group", "description": "g"},
                },
                {
                    "id": "connector",
                    "type": "create_connector",
                    "user_inputs": {
                        "name": "OpenAI Chat Connector",
                        "description": "to a chat service",
                        "version": "1",
                        "protocol": "http",
                        "parameters": {"endpoint": "api.openai.com", "model": "gpt-4o"},
                        "credential": {"openAI_key": "${{ openai_key }}"},
                        "client_config": {"read_timeout": 10},
                        "actions": [
                            {
                                "action_type": "predict",
                                "method": "POST",
                                "url": "https://${parameters.endpoint}/v1/chat/completions",
                                "headers": {"Authorization": "Bearer ${credential.openAI_key}"},
                                "request_body": '{ "model": "${parameters.model}", '
                                '"messages": ${parameters.messages} }',
                            }
                        ],
                    },
                },
                {
                    "id": "model",
                    "type": "register_remote_model",
                    "previous_node_inputs": {
                        "group": "model_group_id",
                        "connector": "connector_id",
                    },
                    "user_inputs": {
                        "name": "chat model",
                        "deploy": True,
                        "description": "m",
                        "rate_limiter": {"limit": 5, "unit": "MINUTES"},
                        "interface": {"input": {"properties": {}}},
                    },
                },
                {
                    "id": "other",
                    "type": "register_remote_model",
                    "previous_node_inputs": {"connector": "connector_id"},
                    "user_inputs": {"name": "other model", "function_name": "remote"},
                },
                {
                    "id": "ingest",
                    "type": "create_ingest_pipeline",
                    "previous_node_inputs": {"model": "model_id"},
                    "user_inputs": {
                        "pipeline_id": "all-ingest",
                        "configurations": {
                            "description": "p",
                            "processors": [
                                {
                                    "ml_inference": {
                                        "input_map": [{"messages": "text"}],
                                        "output_map": [{"out": "choices"}],
                                        "model_id": "${{ model.model_id }}",
                                    }
                                }
                            ],
                        },
                    },
                },
                {
                    "id": "search",
                    "type": "create_search_pipeline",
                    "user_inputs": {
                        "pipeline_id": "all-search",
                        "configurations": {
                            "request_processors": [{"filter_query": {"query": {"match_all": {}}}}]
                        },
                    },
                },
                {
                    "id": "index",
                    "type": "create_index",
                    "previous_node_inputs": {"ingest": "pipeline_id"},
                    "user_inputs": {
                        "index_name": "all-index",
                        "configurations": {
                            "settings": {
                                "number_of_shards": 1,
                                "default_pipeline": "${{ ingest.pipeline_id }}",
                                "index.search.default_pipeline": "all-search",
                            },
                            "mappings": {"properties": {"text": {"type": "text"}}},
                        },
                    },
                },
                {"id": "wait", "type": "noop", "user_inputs": {"delay": "10ms"}},
                {
                    "id": "tool",
                    "type": "create_tool",
                    "previous_node_inputs": {"model": "model_id"},
                    "user_inputs": {
                        "type": "MLModelTool",
                        "name": "llm",
                        "parameters": {"prompt": "${parameters.question}"},
                    },
                },
                {
                    "id": "agent",
                    "type": "register_agent",
                    "previous_node_inputs": {"tool": "tools"},
                    "user_inputs": {"name": "all agent", "type": "flow", "description": "a"},
                },
                {
                    "id": "outer",
                    "type": "register_agent",
                    "user_inputs": {
                        "name": "outer agent",
                        "type": "conversational",
                        "llm": {
                            "model_id": "${{ model.model_id }}",
                            "parameters": {"max_iteration": 5},
                        },
                        "memory": {"type": "conversation_index"},
                        "tools": [
                            {
                                "type": "AgentTool",
                                "parameters": {"agent_id": "${{ agent.agent_id }}"},
                            }
                        ],
                    },
                },
            ],
            "edges": [{"source": "search", "dest": "index"}],
        }
    },
}
"""Nine resources and a deployment, a tool and a pause; one secret."""
