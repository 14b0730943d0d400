"""Checks the lifecycle settings of nodes: what they name, and whether a step type can follow them.

It must not know states or clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.pattern import pattern
from flowplan.planner.template.catalogue import StepCatalogue
from flowplan.planner.template.model import Lifecycle, Node
from flowplan.planner.template.order import Dependencies
from flowplan.planner.template.paths import path_text
from flowplan.planner.template.report import Report
from flowplan.planner.template.triggers import triggers
from flowplan.planner.values import Path
from flowplan.protocol import StepSchema

__all__ = ["check_lifecycle"]

EACH_KEY = "[each.key]"
_KEY = pattern(r'\["[^"]*"\]|\[each\.key\]')


def check_lifecycle(
    nodes: Sequence[Node], steps: StepCatalogue, dependencies: Dependencies, report: Report
) -> None:
    """Report settings that name what is not there, or that a step type can't follow.

    A node comes after what triggers its replacement: `dependencies` gets that order.
    """
    ids = {node.id: node.presence.several for node in nodes}
    for node in nodes:
        if node.lifecycle != Lifecycle():
            check = _Check(node, report)
            check.triggers(ids, dependencies)
            schema = steps.schema(node.type)
            if schema is not None:
                check.ignored(schema)
                check.fits(schema)


class _Check:
    """The settings of one node."""

    def __init__(self, node: Node, report: Report) -> None:
        self.node = node
        self.report = report
        self.path: Path = (*node.path, "flowplan")

    def triggers(self, ids: Mapping[str, bool], dependencies: Dependencies) -> None:
        """Report triggers that are no nodes; `ids` says which nodes have a `for_each`."""
        for index, text in enumerate(self.node.lifecycle.replace_triggered_by):
            place = (*self.path, "replace_triggered_by", index)
            names = [name for name, _ in triggers(text, ids, self.node.id)]
            if not names:
                names = self._written(text, ids, place)
            if not names:
                continue
            if self.node.id in names:
                self._error(
                    "FP181", f'the node "{self.node.id}" can\'t trigger itself', place,
                    hint="name another node",
                )  # fmt: skip
            elif self.node.id in dependencies:
                for name in names:
                    dependencies[self.node.id].setdefault(name, place)

    def _written(self, text: str, ids: Mapping[str, bool], place: Path) -> list[str]:
        """The nodes as written that a key is said of: which keys there are is known later."""
        bare = _KEY.sub("", text, 1)
        found = [name for name, _ in triggers(bare, ids)] if bare != text else []
        if not found:
            self._error(
                "FP181", f'no node "{text}"', place,
                "What triggers a replacement is a node, or an input of one.",
                self.report.did_you_mean(
                    text, tuple(ids), "name a node, as in connector.parameters"
                ),
            )  # fmt: skip
        elif not ids[found[0]]:
            self._error(
                "FP181", f'the node "{found[0]}" has no keys', place,
                "Only a node with `for_each` has.", f'did you mean "{bare}"?',
            )  # fmt: skip
        elif EACH_KEY in text and not self.node.presence.several:
            self._error(
                "FP181", "`each.key` means nothing here", place,
                "It is known in a node with `for_each`.",
                f'name a key, as in {found[0]}["eu"], or all of them: {found[0]}',
            )  # fmt: skip
        else:
            return found
        return []

    def ignored(self, schema: StepSchema) -> None:
        known = tuple(dict.fromkeys((*schema.inputs, *self.node.user_inputs)))
        for index, path in enumerate(self.node.lifecycle.ignore_changes):
            if not path or path[0] in known:
                continue
            self._error(
                "FP177", f'{self.node.type} has no input "{path[0]}" to ignore',
                (*self.path, "ignore_changes", index),
                f'"{path_text(path)}" matches nothing, so nothing is ignored by it.',
                self.report.did_you_mean(str(path[0]), known, "remove it"), warning=True,
            )  # fmt: skip

    def fits(self, schema: StepSchema) -> None:
        """Settings of a step type that can't follow them, and those without any effect."""
        settings, type_ = self.node.lifecycle, self.node.type
        if settings.keep_id and not schema.updated_when_idle:
            self._error(
                "FP179", f"a {type_} can't be told to keep its id", (*self.path, "keep_id"),
                "It is for connectors, which can't be changed while a deployed model uses them.",
                "remove it",
            )  # fmt: skip
        stays = schema.creates in ("resource", "effect")
        idle: Mapping[str, bool] = {
            "prevent_destroy": settings.prevent_destroy and not stays,
            "create_before_destroy": (
                settings.create_before_destroy is not None and schema.creates != "resource"
            ),
            "replace_triggered_by": (
                bool(settings.replace_triggered_by) and schema.creates == "nothing"
            ),
        }
        for key, without in idle.items():
            if without:
                self._error(
                    "FP180", f"`{key}` has no effect on a {type_}", (*self.path, key),
                    "It makes nothing on the cluster that could be replaced or deleted."
                    if key != "create_before_destroy"
                    else "It makes no resource of its own, so there is no order to choose.",
                    "remove it", key=True, warning=True,
                )  # fmt: skip

    def _error(
        self,
        code: str,
        summary: str,
        path: Path,
        detail: str = "",
        hint: str = "",
        *,
        key: bool = False,
        warning: bool = False,
    ) -> None:
        self.report.error(
            code, summary, path, node=self.node.id, detail=detail, hint=hint, key=key,
            warning=warning,
        )  # fmt: skip
