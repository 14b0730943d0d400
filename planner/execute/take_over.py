"""Taking over what is there already, as a step of a run: read, record, then change in place.

No request but reads until it is recorded. Must not know the order of nodes.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowplan.dataclass import replace
from flowplan.planner.adopt import adopt
from flowplan.planner.execute.context import Run
from flowplan.planner.execute.update import update
from flowplan.planner.imports import look_up
from flowplan.planner.lifecycle import recorded_settings
from flowplan.planner.plan import NodeChange
from flowplan.planner.template import Node, Template
from flowplan.planner.values import Value
from flowplan.protocol import StepType
from flowplan.state.model import ResourceRecord

__all__ = ["take_over"]


def take_over(
    run: Run,
    template: Template,
    step: StepType,
    node: Node,
    change: NodeChange,
    inputs: Mapping[str, Value],
    dependencies: tuple[str, ...],
    *,
    timeout: float,
) -> ResourceRecord:
    """Record the resource that the plan found, read anew, and do what the plan has after that.

    Raises `PlanError` FP480 to FP482 when it is no longer what was planned with.
    """
    connection = run.workspace.connection
    if connection is None or change.resource_id is None:
        raise ValueError("an import needs a cluster and an id")
    wanted = {node.id: change.resource_id}
    endpoint = run.workspace.endpoint
    item = look_up(template, run.steps, connection.operation(None, timeout), wanted, endpoint)
    adoption = adopt(node, step, inputs, change.resource_id, item[node.id].document, run.salt)
    record = replace(adoption.record, dependencies=dependencies, lifecycle=recorded_settings(node))
    run.put(record)
    if change.then != "update":
        return record
    return update(run, step, record, inputs, change.fields, timeout=timeout)
