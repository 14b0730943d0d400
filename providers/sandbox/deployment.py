"""A model's deployment as a function of stored times: no thread ever finishes it.

For everything that reads or writes models. A deployment in progress lies in the model's private
part; `settled` says what the model is by now. Must not know HTTP.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from flowplan.dataclass import replace
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.store import Doc, Tx

__all__ = [
    "INJECTED",
    "begin",
    "fails",
    "is_cached",
    "is_held",
    "serving_snapshot",
    "settled",
    "touched",
    "undeployed",
]

# False by default on a real node; here nothing is called, so only a cluster that says so refuses.
_PRIVATE_IP = "plugins.ml_commons.connector.private_ip_enabled"
# The model is DEPLOYED a little before its task is COMPLETED (10: 3, 4).
_BEFORE_TASK = 0.7
INJECTED = "deployment failed: injected by the sandbox's deploy_fail"


def is_cached(model: Doc) -> bool:
    """Whether the node can serve the model. Expects a settled model."""
    return model.private.get("serving") is not None


def is_held(model: Doc) -> bool:
    """Whether the in-use guard of a connector counts the model. Expects a settled model.

    NORMALISATION 6: the guard looks at a cache, not at `model_state`; a refused prediction on an
    undeployed model is enough to be in it.
    """
    return is_cached(model) or bool(model.private.get("touched"))


def touched(model: Doc) -> Doc:
    """The model after a prediction that was refused because it is not deployed."""
    return replace(model, private={**model.private, "touched": True})


def fails(node: Node, model: Doc) -> bool:
    """Whether this model's deployment shall fail."""
    pattern = node.options.deploy_fail
    return pattern is not None and fnmatchcase(model.source.get("name", ""), pattern)


def serving_snapshot(node: Node, tx: Tx, model: Doc) -> dict[str, Any] | None:
    """What the node would call for this model; None when its connector does not exist.

    A copy, since a deployed model outlives its connector (transcript 07, calls 2-5) and keeps the
    client that it has when private addresses are forbidden later (12: 4).
    """
    refuses = {"refuses_private": str(node.setting(tx, _PRIVATE_IP)).lower() == "false"}
    inline = model.source.get("connector")
    if inline is not None:
        return {**inline, **refuses}
    id_ = model.source.get("connector_id")
    connector = tx.get("connector", id_) if id_ else None
    if connector is None:
        return {} if id_ is None and model.source.get("algorithm") != "REMOTE" else None
    kept = ("parameters", "actions")
    return {"connector_id": id_} | refuses | {key: connector.source.get(key) for key in kept}


def begin(
    model: Doc, node: Node, serving: dict[str, Any], shown_after: float | None, seconds: float
) -> Doc:
    """A model whose deployment starts now, is shown as DEPLOYING after `shown_after` seconds."""
    now = node.now()
    deploy = {
        "shown_at": None if shown_after is None else now + int(shown_after * 1000),
        "done_at": now + int(seconds * 1000 * _BEFORE_TASK),
        "ok": not fails(node, model),
    }
    return replace(model, private={**model.private, "serving": serving, "deploy": deploy})


def settled(model: Doc, node: Node) -> Doc:
    """The model as it is now; writes nothing."""
    if node.now() < model.private.get("registered_at", 0):
        return replace(model, source={**model.source, "model_state": "REGISTERING"})
    deploy = model.private.get("deploy")
    if deploy is None:
        return model
    now = node.now()
    planned: dict[str, Any] = {
        "planning_worker_node_count": 1,
        "planning_worker_nodes": [node.id],
        "deploy_to_all_nodes": True,
    }
    if now >= deploy["done_at"]:
        return _finished(model, deploy, planned)
    if deploy["shown_at"] is not None and now >= deploy["shown_at"]:
        source = {
            **model.source,
            "model_state": "DEPLOYING",
            "last_updated_time": deploy["shown_at"],
            **planned,
        }
        source.pop("current_worker_node_count", None)
        return replace(model, source=source)
    return model


def _finished(model: Doc, deploy: dict[str, Any], planned: dict[str, Any]) -> Doc:
    done_at = deploy["done_at"]
    private = {key: value for key, value in model.private.items() if key != "deploy"}
    source = {**model.source, "last_updated_time": done_at, **planned}
    if deploy["ok"]:
        source |= {
            "model_state": "DEPLOYED",
            "last_deployed_time": done_at,
            "auto_redeploy_retry_times": 0,
            "current_worker_node_count": 1,
        }
    else:
        source |= {"model_state": "DEPLOY_FAILED", "current_worker_node_count": 0}
        private["serving"] = None
    # Two writes on a real node: DEPLOYING, which `begin` stands for, and the result (06: 55).
    return replace(model, source=source, private=private, version=model.version + 1)


def undeployed(model: Doc) -> Doc:
    """The model taken out of the cache (06: 69; the times stay, 11: 39). Expects a settled one."""
    source = {
        **model.source,
        "model_state": "UNDEPLOYED",
        "planning_worker_node_count": 0,
        "current_worker_node_count": 0,
    }
    source.pop("planning_worker_nodes", None)
    private = {**model.private, "serving": None}
    for key in ("deploy", "touched"):
        private.pop(key, None)
    return replace(model, source=source, private=private)
