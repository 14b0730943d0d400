"""`register_local_…_model`: models that run in the cluster itself.

It must not know where a model comes from beyond its url. Sources: flow-framework.md §1 and ML
Commons' REST API; the cluster downloads in the background and tells by a task.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from flowplan.dataclass import replace
from flowplan.protocol import (
    Candidate,
    Cluster,
    InputSpec,
    Intent,
    Json,
    Outputs,
    Record,
    StepSchema,
)
from flowplan.providers.deployment import deploy
from flowplan.providers.documents import ROOT, required
from flowplan.providers.registering import NothingMade, TaskGone, await_model_id, await_registered
from flowplan.providers.registration import (
    MODEL_INPUTS,
    VOLATILE,
    Registration,
    wants_deployment,
)

__all__ = ["STEPS", "RegisterLocalModel"]

# Given one by one they are parts of `model_config`, as Flow Framework's validator lists them.
_CONFIG_PARTS = (
    "model_type", "embedding_dimension", "framework_type", "all_config", "pooling_mode",
    "normalize_result", "model_max_length", "query_prefix", "passage_prefix", "additional_config",
)  # fmt: skip
_PART = "Part of model_config."

_COMMON: Mapping[str, InputSpec] = {
    "name": InputSpec(("string",), required=True, description="Its name, which says what it is."),
    "version": InputSpec(
        ("string",), required=True, write_only=True, description="Its version, as in 1.0.1."
    ),
    "model_format": InputSpec(
        ("string",), required=True, description="TORCH_SCRIPT or ONNX."
    ),
    **MODEL_INPUTS,
    "model_config": InputSpec(
        ("object", "string"), write_only=True, description="What kind of model it is."
    ),
}  # fmt: skip
_FUNCTION = InputSpec(
    ("string",), description="TEXT_EMBEDDING, SPARSE_ENCODING, TEXT_SIMILARITY and the like."
)
_HASH = InputSpec(("string",), write_only=True, description="The SHA-256 of the file at url.")
_URL = InputSpec(("string",), write_only=True, description="Where the cluster downloads it.")


def _schema(
    description: str,
    inputs: Mapping[str, InputSpec],
    listed: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
) -> StepSchema:
    return StepSchema(
        inputs={**_COMMON, **inputs},
        outputs=("model_id", "register_model_status", *outputs),
        resource_type="model_id",
        plugins=("opensearch-ml",),
        timeout=60.0,
        listed=("name", "version", "model_format", *listed),
        volatile=VOLATILE | {"last_registered_time", "model_content_size_in_bytes"},
        description=description,
    )


_CUSTOM = _schema(
    "Registers a model from a url, to run in the cluster.",
    {
        "function_name": _FUNCTION,
        "model_content_hash_value": replace(_HASH, required=True),
        "url": replace(_URL, required=True),
        **{name: InputSpec(write_only=True, description=_PART) for name in _CONFIG_PARTS},
    },
    listed=(
        "function_name", "model_content_hash_value", "url", "model_type", "embedding_dimension",
        "framework_type",
    ),
)  # fmt: skip
_PRETRAINED = _schema(
    "Registers one of OpenSearch's own models, to run in the cluster.",
    {"function_name": _FUNCTION},
)
_SPARSE = _schema(
    "Registers a sparse encoding model, to run in the cluster.",
    {"function_name": _FUNCTION, "model_content_hash_value": _HASH, "url": _URL},
    outputs=("function_name", "model_content_hash_value", "url"),
)


class RegisterLocalModel(Registration):
    """A model that runs in the cluster; the three types differ by what they need.

    What a registered model is made of never changes: another one is a replacement.
    """

    def __init__(self, name: str, schema: StepSchema) -> None:
        self.name = name
        self.schema = schema

    def expect(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as a read shows them."""
        wanted = dict(super().expect(inputs))
        if "model_format" in wanted:
            wanted["model_format"] = str(wanted["model_format"]).upper()
        return wanted

    def preview(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """What a sparse encoding model passes on as it was given."""
        passed = ("function_name", "model_content_hash_value", "url")
        return {
            name: inputs[name] for name in passed if name in self.schema.outputs and name in inputs
        }

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Register it, wait for its task, and deploy it if that is wanted."""
        path = f"{ROOT}/models/_register"
        answer = cluster.request("POST", path, body=_body(inputs))
        task_id = required(answer.body, "task_id", f"POST {path}")
        record(task_id=task_id)
        try:
            model_id = await_model_id(cluster, task_id)
        except NothingMade:
            record(task_id="")
            raise
        record(resource_id=model_id)
        if wants_deployment(inputs):
            deploy(cluster, model_id)
        status = str(answer.body.get("status", "CREATED"))
        return Outputs({"model_id": model_id, "register_model_status": status}, model_id)

    def await_made(self, cluster: Cluster, model_id: str) -> None:
        """Return once the model is registered. Raises `ProviderError` FP350, FP330."""
        await_registered(cluster, model_id)

    def find(self, cluster: Cluster, intent: Intent) -> Sequence[Candidate]:
        """The model that the intent's task made, once it is done; without one, by its name."""
        task_id = intent.notes.get("task_id")
        if not task_id:
            return super().find(cluster, intent)
        try:
            model_id = await_model_id(cluster, str(task_id))
        except NothingMade:
            return ()
        except TaskGone:
            return super().find(cluster, intent)
        document = self.fetch(cluster, [model_id]).get(model_id)
        if document is None:
            return ()
        # The task says whose it is, so nothing has to be compared.
        found = self.candidate(model_id, document, intent)
        return (replace(found, fields=intent.expected, created=None),)


def _body(inputs: Mapping[str, Json]) -> dict[str, Json]:
    """What Flow Framework registers: the parts of the configuration put together in one object.

    `deploy` is left out: the deployment is asked for once the id is known.
    """
    body = {
        key: value
        for key, value in inputs.items()
        if key not in _CONFIG_PARTS and key != "deploy" and value is not None
    }
    config = body.get("model_config", {})
    if isinstance(config, str):
        config = _parsed(config)
    parts = {key: inputs[key] for key in _CONFIG_PARTS if inputs.get(key) is not None}
    if isinstance(config, Mapping) and (config or parts):
        config = {**parts, **config}
        if isinstance(config.get("all_config"), (Mapping, list)):
            # The server reads it as a text.
            config["all_config"] = json.dumps(config["all_config"], ensure_ascii=False)
        body["model_config"] = config
    return body


def _parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


STEPS = (
    RegisterLocalModel("register_local_custom_model", _CUSTOM),
    RegisterLocalModel("register_local_pretrained_model", _PRETRAINED),
    RegisterLocalModel("register_local_sparse_encoding_model", _SPARSE),
)
