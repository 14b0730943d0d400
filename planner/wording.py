"""What apply will do to a node, in words: the `steps` of a plan.

The execution does what is said here, in this order (`planner.execute.operations`). This module
must not know clusters or files.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowplan.planner.plan import Action, FieldChange, Order
from flowplan.protocol import StepSchema

__all__ = ["deletion", "steps_of", "thing"]


def thing(type_name: str, resource_type: str | None) -> str:
    """What a step type makes, in a word: `connector`, `model group`, `deployment`."""
    words = {
        "deploy_model": "deployment",
        "create_ingest_pipeline": "ingest pipeline",
        "create_search_pipeline": "search pipeline",
    }
    if type_name in words:
        return words[type_name]
    if resource_type is None:
        return "step"
    return resource_type.removesuffix("_id").removesuffix("_name").replace("_", " ")


def steps_of(
    action: Action,
    *,
    type_name: str,
    schema: StepSchema,
    fields: Sequence[FieldChange],
    order: Order | None,
    repointed: Sequence[str],
    reason: str,
    paused: Sequence[str] = (),
) -> tuple[str, ...]:
    """The operations in order; `repointed` are the nodes that move to a replacement.

    `paused` are the models that are undeployed meanwhile.
    """
    what = thing(type_name, schema.resource_type)
    if schema.creates == "act":
        return {"create": (f"run {type_name}",), "update": (f"run {type_name} again",)}.get(
            action, ()
        )
    if action == "create":
        return (f"create the {what}",)
    if action == "update" and paused:
        models = ", ".join(paused)
        change = _update(what, fields, reason)
        again = f"deploy {models} again: until then predictions fail"
        return (f"undeploy {models}", *change, again)
    if action == "update":
        return _update(what, fields, reason)
    if action == "replace":
        return _replace(what, order, repointed)
    return (deletion(what),) if action == "delete" else ()


def deletion(what: str) -> str:
    """Deleting one, in words."""
    return "undeploy the model" if what == "deployment" else f"delete the {what}"


def _update(what: str, fields: Sequence[FieldChange], reason: str) -> tuple[str, ...]:
    names = sorted({str(field.path[0]) for field in fields})
    if what == "deployment" or not names:
        again = "again" if reason == "drift" else "to the end"
        return (f"deploy the model {again}" if what == "deployment" else f"finish the {what}",)
    return (f"update {', '.join(names)} of the {what} in place",)


def _replace(what: str, order: Order | None, repointed: Sequence[str]) -> tuple[str, ...]:
    if order == "destroy_before_create":
        make = "deploy the model again" if what == "deployment" else f"create the new {what}"
        return (deletion(what), make)
    moves = [f"move {', '.join(repointed)} to it"] if repointed else []
    last = "undeploy the old model" if what == "deployment" else f"delete the old {what}"
    return (f"create the new {what}", *moves, last)
