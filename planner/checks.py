"""What must hold before anything is planned: the right state, the right cluster, its plugins.

The seeds' first validation rule ("workflow steps requiring an OpenSearch plugin that is not
installed") stands here. This module must not know how differences are found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.template import Template
from flowplan.planner.values import sensitive_paths
from flowplan.planner.workspace import Steps
from flowplan.protocol import ServerInfo
from flowplan.state.backends import Snapshot
from flowplan.state.lock import span
from flowplan.state.model import State

__all__ = ["check_plugins", "compatibility", "journal_warnings", "lost_salt"]


def check_plugins(template: Template, steps: Steps, server: ServerInfo) -> None:
    """Refuse steps whose plugin the cluster does not have. Raises `PlanError` FP210."""
    if server.plugins is None:
        return
    missing: dict[str, list[str]] = defaultdict(list)
    for node in template.nodes:
        schema = steps.schema(node.type)
        for plugin in schema.plugins if schema else ():
            if plugin not in server.plugins:
                missing[plugin].append(node.id)
    if missing:
        raise PlanError(
            *(
                Diagnostic(
                    "error", "FP210", f"the cluster has no plugin {plugin}",
                    f"These nodes need it: {', '.join(nodes)}.", node=nodes[0],
                    hint=f"install {plugin} on every node of the cluster, or use another endpoint",
                )
                for plugin, nodes in sorted(missing.items())
            )
        )  # fmt: skip


def compatibility(template: Template, server: ServerInfo) -> Iterator[Diagnostic]:
    """A warning when `version.compatibility` leaves the cluster's version out.

    An entry admits its major version from that release on: `2.12.0` admits 2.12.0 up to,
    and without, 3.0.0.
    """
    wanted = template.compatibility
    if not wanted or not server.version:
        return
    have = _numbers(server.version)
    if any(have[:1] == _numbers(entry)[:1] and have >= _numbers(entry) for entry in wanted):
        return
    yield Diagnostic(
        "warning", "FP211",
        f"the template does not name OpenSearch {server.version} as compatible",
        f"version.compatibility lists {', '.join(wanted)}; an entry admits its major version "
        "from that release on.",
        hint=f"add {server.version} once the template has been tried on it",
    )  # fmt: skip


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.partition("-")[0].split(".")
    return tuple(int(part) for part in parts if part.isdigit())


def journal_warnings(snapshot: Snapshot, location: str) -> Iterator[Diagnostic]:
    """What a reader should know of a run that goes on or was cut off."""
    if snapshot.holder is not None:
        holder = snapshot.holder
        age = snapshot.renewed
        renewed = "" if age is None else f", renewed {span(age)} ago"
        yield Diagnostic(
            "warning", "FP220", f"{location} is locked: {holder.operation} is running",
            f"by {holder.who}, process {holder.pid}{renewed}: what is shown may change meanwhile",
        )  # fmt: skip
    elif snapshot.interrupted:
        nodes = ", ".join(sorted({item.intent.node for item in snapshot.open}))
        yield Diagnostic(
            "warning", "FP221",
            "an earlier run was cut off" + (f" while it worked on {nodes}" if nodes else ""),
            "Whether those requests took effect is found out by the next apply or destroy, "
            "before it changes anything; until then they count as not done." if nodes else
            "What it did is recorded. The next apply or destroy goes on from there.",
        )  # fmt: skip


def lost_salt(state: State | None) -> Iterator[Diagnostic]:
    """A warning when the state has digests and no salt to compare them with."""
    if state is None or state.salt:
        return
    nodes = [name for name, record in state.resources.items() if sensitive_paths(record.inputs)]
    if nodes:
        yield Diagnostic(
            "warning", "FP473", "sensitive values can't be compared: the state has lost its salt",
            f"A change to them is not seen in {', '.join(nodes)}.",
            hint="Digest anew what the cluster has: flowplan state rekey --force",
        )  # fmt: skip
