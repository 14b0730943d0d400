"""`_predict`: a built-in echo model behind every connector (06: 36, 47-51; 13).

Answers as an OpenAI-like service does, in ML Commons' envelope; nothing leaves the process. A
prediction deploys a model that is not deployed, as on a real node.
"""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flowplan.providers.sandbox import javajson, wire
from flowplan.providers.sandbox.deployment import (
    INJECTED,
    begin,
    fails,
    is_cached,
    serving_snapshot,
    settled,
    touched,
)
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.routes import Route
from flowplan.providers.sandbox.store import Doc, Tx
from flowplan.providers.sandbox.wire import Json, JsonObject, Reply, Request

__all__ = ["ROUTES"]

_PLACEHOLDER = re.compile(r"\$\{parameters\.([^}]+)\}")
_FAILING = re.compile(r"/fail/([45]\d\d)$")
_AUTO_DEPLOY = "plugins.ml_commons.model_auto_deploy.enable"
_DIMENSION = 8


def predict(node: Node, request: Request) -> Reply:
    """`POST models/{id}/_predict` and `POST _predict/{algorithm}/{id}` (06: 48)."""
    with node.store.reading() as tx:
        model = tx.get("model", request.args["id"])
    if model is None:
        raise wire.status_error(wire.NOT_FOUND, "Failed to find model")
    body = request.object(wire.parse_error("request body is required"))
    serving = _serving(node, settled(model, node))
    parameters = {**(serving.get("parameters") or {}), **_given(body)}
    action: JsonObject = next(
        (item for item in serving.get("actions") or () if item["action_type"] == "PREDICT"), {}
    )
    url = _filled(action.get("url") or "", parameters)
    if serving.get("refuses_private"):
        _refuse_private(url)
    _refuse_failing(url)
    answer = _echo(_payload(action.get("request_body"), parameters), parameters)
    output = _processed(answer, action.get("post_process_function"))
    return Reply(wire.OK, {"inference_results": [{"output": output, "status_code": 200}]})


def _serving(node: Node, model: Doc) -> JsonObject:
    """What serves the model; deploys it when nothing does."""
    if model.source.get("is_enabled") is False:
        raise wire.status_error(wire.FORBIDDEN, "Model is disabled.")
    if is_cached(model):
        return dict(model.private["serving"])
    with node.store.writing() as tx:
        again = tx.get("model", model.id)
        if again is None:
            raise wire.status_error(wire.NOT_FOUND, "Failed to find model")
        model = settled(again, node)
        if is_cached(model):  # another prediction was first
            return dict(model.private["serving"])
        serving = serving_snapshot(node, tx, model)
        if serving is None:
            reason = f"Failed to find connector:{model.source.get('connector_id')}"
            raise wire.status_error(wire.NOT_FOUND, reason)
        refusal = _not_by_itself(node, tx, model)
        if refusal is None:
            # The state stays as it is until the deployment is done (11: 34-36).
            tx.put(begin(model, node, serving, None, node.options.deploy))
        else:
            tx.put(touched(model))
    if refusal is not None:
        raise wire.illegal_argument(refusal)
    if fails(node, model):
        raise wire.status_error(wire.SERVER_ERROR, INJECTED)
    return serving


def _not_by_itself(node: Node, tx: Tx, model: Doc) -> str | None:
    """Why a prediction may not deploy this model (texts from ML Commons' source)."""
    if node.setting(tx, _AUTO_DEPLOY) == "false":
        path = f"/_plugins/_ml/models/{model.id}/_deploy"
        return f"Model not ready yet. Please run this first: POST {path}"
    if model.source.get("deploy_setting", {}).get("is_auto_deploy_enabled") is False:
        return "Auto deployment disabled for this model, please deploy model first"
    return None


def _refuse_private(url: str) -> None:
    """The guard of a cluster that forbids private addresses (12: 8); names are not resolved."""
    try:
        host = urlsplit(url).hostname or ""
        private = host == "localhost" or ip_address(host).is_private
    except ValueError:
        return
    if private:
        reason = f"Remote inference host name has private ip address: {host}"
        cause = {"type": "illegal_argument_exception", "reason": reason}
        raise wire.illegal_argument(reason, caused_by=cause)


def _refuse_failing(url: str) -> None:
    """A service whose URL ends in `/fail/STATUS` fails with it, for trying failures (13)."""
    found = _FAILING.search(url)
    if found is not None:
        status = int(found[1])
        cause = (
            f'{{"error": {{"message": "mock failure {status}", "type": "invalid_request_error", '
            '"param": null, "code": "mock"}}'
        )
        raise wire.status_error(status, f"Error from remote service: {cause}")


def _given(body: JsonObject) -> JsonObject:
    parameters = dict(body["parameters"]) if isinstance(body.get("parameters"), dict) else {}
    if isinstance(body.get("text_docs"), list):
        # What a connector's pre_process_function would make of them, under its usual names.
        for name in ("input", "inputs", "texts"):
            parameters.setdefault(name, body["text_docs"])
    return parameters


def _filled(template: str, parameters: JsonObject) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in parameters:
            return found[0]
        item = parameters[found[1]]
        return item if isinstance(item, str) else javajson.compact(item)

    return _PLACEHOLDER.sub(value, template)


def _payload(template: str | None, parameters: JsonObject) -> JsonObject:
    """The request that the service would get; a placeholder left open is a 400 (06: 49)."""
    if template is None:
        return dict(parameters)
    text = _filled(template, parameters)
    try:
        payload = json.loads(text)
    except ValueError:
        # A text given as a parameter may hold quotes; ML Commons escapes it for its place.
        escaped = {
            key: javajson.compact(item)[1:-1] if isinstance(item, str) else item
            for key, item in parameters.items()
        }
        try:
            payload = json.loads(_filled(template, escaped))
        except ValueError:
            raise wire.illegal_argument(f"Invalid payload: {text}") from None
    return payload if isinstance(payload, dict) else {"input": payload}


def _echo(payload: JsonObject, parameters: JsonObject) -> JsonObject:
    model = payload.get("model", parameters.get("model"))
    messages = payload.get("messages")
    if isinstance(messages, list):
        last = messages[-1] if messages else {}
        return _completion(model, last.get("content") if isinstance(last, dict) else last)
    for key in ("input", "texts"):
        if key in payload:
            return _embeddings(model, payload[key])
    for key in ("prompt", "inputs", "inputText", "text", "query"):
        if key in payload:
            return _completion(model, payload[key])
    return _completion(model, "")


def _completion(model: Json, content: Json) -> JsonObject:
    return {
        "id": "chatcmpl-mock",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": f"echo: {_plain(content)}"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _plain(content: Json) -> str:
    return content if isinstance(content, str) else javajson.compact(content)


def _embeddings(model: Json, texts: Json) -> JsonObject:
    listed = texts if isinstance(texts, list) else [texts]
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _vector(_plain(text))}
            for index, text in enumerate(listed)
        ],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def _vector(text: str) -> list[float]:
    return [round((len(text) + number) / 100, 4) for number in range(_DIMENSION)]


def _processed(answer: JsonObject, function: str | None) -> list[JsonObject]:
    """The output; an embedding post-process function turns vectors into tensors."""
    data: Any = answer.get("data")
    if function and "embedding" in function and isinstance(data, list):
        return [
            {
                "name": "sentence_embedding",
                "data_type": "FLOAT32",
                "shape": [len(item["embedding"])],
                "data": item["embedding"],
            }
            for item in data
        ]
    return [{"name": "response", "dataAsMap": answer}]


_ACTION = "cluster:admin/opensearch/ml/predict"

# A prediction is no change, though it may deploy; shown in _tasks when it carries an X-Opaque-Id.
ROUTES = (
    Route("POST", "/_plugins/_ml/models/{id}/_predict", predict, _ACTION, reads=True),
    Route("POST", "/_plugins/_ml/_predict/{algorithm}/{id}", predict, _ACTION, reads=True),
)
