"""What somebody does to a cluster by hand, beside flowplan.

Each is tried: the cluster refuses some, as it would refuse a person. It must not know plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.lab import Lab

__all__ = ["change", "delete"]

PATHS: Mapping[str, str] = {
    "register_model_group": "/_plugins/_ml/model_groups/",
    "create_connector": "/_plugins/_ml/connectors/",
    "register_remote_model": "/_plugins/_ml/models/",
    "deploy_model": "/_plugins/_ml/models/",
    "register_agent": "/_plugins/_ml/agents/",
    "create_ingest_pipeline": "/_ingest/pipeline/",
    "create_search_pipeline": "/_search/pipeline/",
    "create_index": "/",
}


def delete(lab: Lab, type: str, resource_id: str) -> None:
    """Delete it; of a deployment, take back what it did."""
    path = PATHS[type] + resource_id
    if type in ("register_remote_model", "deploy_model"):
        _try(lab, "POST", f"{path}/_undeploy", safe=True)
    if type != "deploy_model":
        _try(lab, "DELETE", path)


def change(lab: Lab, type: str, resource_id: str) -> None:
    """Give it another description, another name or another setting."""
    path = PATHS[type] + resource_id
    match type:
        case "register_model_group" | "create_connector" | "register_agent":
            _try(lab, "PUT", path, {"description": "by hand"})
        case "register_remote_model":
            _try(lab, "PUT", path, {"name": "by hand"})
        case "deploy_model":
            _try(lab, "POST", f"{path}/_undeploy", safe=True)
        case "create_ingest_pipeline":
            _try(lab, "PUT", path, {"description": "by hand", "processors": []})
        case "create_search_pipeline":
            _try(lab, "PUT", path, {"description": "by hand", "request_processors": []})
        case "create_index":
            _try(lab, "PUT", f"{path}/_settings", {"index": {"number_of_replicas": 3}})


def _try(lab: Lab, method: str, path: str, body: Any = None, **kw: Any) -> None:
    # Another refusal would be a mistake here, and drift that never happens.
    lab.request(method, path, body, accept=(400, 404, 409), **kw)
