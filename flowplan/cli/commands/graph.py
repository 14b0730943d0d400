"""`flowplan graph`: nodes and what they wait for, from the template, else from the state."""

from __future__ import annotations

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import optional_argument
from flowplan.cli.session import find
from flowplan.cli.verbs import verb
from flowplan.planner.graph import Graph, edges_of
from flowplan.planner.template import Template
from flowplan.render.graph import (
    GraphEdge,
    GraphView,
    graph_document,
    graph_dot,
    graph_mermaid,
    graph_text,
)
from flowplan.state.model import State

__all__ = ["command"]

_DRAWN = {"text": graph_text, "mermaid": graph_mermaid, "dot": graph_dot}


@verb(
    "graph",
    optional_argument("argument", "[TEMPLATE]"),
    summary=VERBS["graph"],
    forms=("text", "mermaid", "dot", "json"),
)
def command(call: Call) -> int:
    """Draw it; params need not be given, and nothing connects."""
    view = _view(call)
    draw = _DRAWN.get(call.flags.format, graph_text)
    call.result(lambda: draw(view), lambda: graph_document(view))
    return 0


def _view(call: Call) -> GraphView:
    place = find(call)
    if place.template is not None:
        from flowplan.cli.session import parse_template
        from flowplan.providers.registry import Registry

        template, _ = parse_template(call, place.template, Registry())
        return template_view(template)
    from flowplan.state.backends import open_backend

    return state_view(open_backend(place.state).load().state)


def template_view(template: Template) -> GraphView:
    """The graph that a plan of this template is made along."""
    edges = edges_of(template)
    order = Graph.build({node.id: tuple(edges.get(node.id, ())) for node in template.nodes}).order
    types = {node.id: node.type for node in template.nodes}
    return GraphView(
        template.name,
        {node: types[node] for node in order},
        tuple(
            GraphEdge(source, dest, tuple(sorted(kinds)))
            for dest in order
            for source, kinds in edges.get(dest, {}).items()
        ),
    )


def state_view(state: State | None) -> GraphView:
    """The graph of what was made."""
    if state is None:
        return GraphView("")
    return GraphView(
        state.workflow,
        {record.node: record.type for record in state.resources.values()},
        tuple(
            GraphEdge(source, record.node, ("recorded",))
            for record in state.resources.values()
            for source in record.dependencies
            if source in state.resources
        ),
    )
