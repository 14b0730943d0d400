"""A graph as a template for flowplan, in YAML or JSON, with steps that do nothing or real ones.

It must not know how flowplan reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeAlias

from bench.graphs import Graph, Kind, Vertex, inputs_of

__all__ = ["Steps", "document", "write"]

Steps: TypeAlias = Literal["noop", "real"]

_TYPES: dict[Kind, str] = {
    "connector": "create_connector",
    "model": "register_remote_model",
    "deployment": "deploy_model",
}
_OUTPUT: dict[Kind, str] = {"connector": "connector_id", "model": "model_id"}


def document(graph: Graph, steps: Steps, *, changed: int = 0) -> dict[str, Any]:
    """The template; the first `changed` nodes have another value in one of their inputs."""
    node = _noop if steps == "noop" else _real
    vertices = graph.vertices
    nodes = [node(vertex, graph, changed=vertex.number < changed) for vertex in vertices]
    edges = [
        {"source": vertices[before].name, "dest": vertex.name}
        for vertex in vertices
        for before in vertex.after
    ]
    return {
        "name": f"bench-{graph.shape}-{len(vertices)}",
        "description": "made by the benchmark",
        "use_case": "REMOTE_MODEL_DEPLOYMENT",
        "version": {"template": "1.0.0", "compatibility": ["2.12.0", "3.0.0"]},
        "workflows": {"provision": {"nodes": nodes, "edges": edges}},
    }


def _noop(vertex: Vertex, graph: Graph, *, changed: bool) -> dict[str, Any]:
    """`noop` knows one input; any other would be a warning for each node."""
    del graph
    delay = "1micros" if changed else "0ms"
    return {"id": vertex.name, "type": "noop", "user_inputs": {"delay": delay}}


def _real(vertex: Vertex, graph: Graph, *, changed: bool) -> dict[str, Any]:
    node: dict[str, Any] = {"id": vertex.name, "type": _TYPES[vertex.kind]}
    needs = [graph.vertices[before] for before in vertex.after]
    given = {it.name: _OUTPUT[it.kind] for it in needs if vertex.kind != "connector"}
    if given:
        node["previous_node_inputs"] = given
    inputs = inputs_of(vertex, changed=changed)
    if inputs:
        node["user_inputs"] = inputs
    return node


def write(path: Path, template: dict[str, Any]) -> None:
    """Write it in the syntax that the name's ending says."""
    if path.suffix == ".json":
        path.write_text(json.dumps(template, indent=2), "utf-8")
        return
    # PyYAML takes 20 ms to load, and the runs with JSON do without it.
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    with path.open("w", encoding="utf-8") as out:
        yaml.dump(template, out, Dumper=dumper, sort_keys=False, width=10_000)
