"""Where in the template a diagnostic's node stands, for those that only know the node.

Planner and providers speak of nodes; the place is looked up here, and only when something is
wrong, since finding it reads the file's text once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, FlowplanError
from flowplan.planner.template import Template

__all__ = ["placed", "placing"]


def placed(diagnostic: Diagnostic, template: Template | None) -> Diagnostic:
    """The same with file, line and column of its node, unless it has a place or none is known."""
    if template is None or diagnostic.node is None or diagnostic.file is not None:
        return diagnostic
    node = template.node(diagnostic.node)
    if node is None:
        return diagnostic
    place = template.document.position(node.path)
    return replace(diagnostic, file=template.document.name, line=place.line, column=place.column)


@contextmanager
def placing(template: Template | None) -> Iterator[None]:
    """Add the places to whatever is raised inside."""
    try:
        yield
    except FlowplanError as error:
        error.diagnostics = tuple(placed(item, template) for item in error.diagnostics)
        raise
