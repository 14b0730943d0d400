"""Templates and statuses: created, updated, shown, deleted; the rules of when.

Error texts are Flow Framework's, as recorded. It must not know requests or answers, nor how
anything is provisioned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass, replace
from flowplan.errors import FlowplanError
from flowplan.server.access import Caller
from flowplan.server.bodies import resources
from flowplan.server.documents import Workflow
from flowplan.server.errors import Rejected
from flowplan.server.kept import Kept, now
from flowplan.server.validation import check, check_grammar
from flowplan.state.identity import new_lineage
from flowplan.state.model import State

__all__ = ["UPDATABLE", "Workflows"]

Json: TypeAlias = Any
UPDATABLE = ("name", "description", "use_case", "version", "ui_metadata")


@dataclass(frozen=True, slots=True)
class Workflows:
    """What is done with a workflow without touching the cluster."""

    kept: Kept
    limit: int

    def check(self, template: Mapping[str, Json], *, validate: bool) -> None:
        """Refuse a template that can't be kept. Raises `Rejected`."""
        if validate:
            check(template, self.kept.registry, complete=False)
        else:
            check_grammar(template)

    def create(self, template: Mapping[str, Json], caller: Caller) -> Workflow:
        """Keep a template that was checked as a new workflow, the caller's."""
        if len(self.kept.store.all()) >= self.limit:
            raise Rejected(f"Maximum workflows limit reached: {self.limit}")
        made = Workflow(
            new_lineage(), created=now(), updated=now(), user=caller.name, owner=caller.owner
        )
        return self.kept.store.put(self.kept.with_template(made, template))

    def replace(self, workflow_id: str, template: Mapping[str, Json]) -> Workflow:
        """Put another template, which was checked, in the place of one that is not provisioned."""
        with self.kept.turn(workflow_id):
            found = self.kept.find(workflow_id)
            if found.state not in {"NOT_STARTED", None}:
                raise Rejected(
                    "The template can not be updated unless its provisioning state is NOT_STARTED:"
                    f" {workflow_id}. Deprovision the workflow to reset the state."
                )
            changed = replace(found, updated=now(), state="NOT_STARTED")
            return self.kept.store.put(self.kept.with_template(changed, template))

    def update_fields(self, workflow_id: str, fields: Mapping[str, Json]) -> Workflow:
        """Change what stands around the nodes, in any state; credentials stay as they are."""
        for name in fields:
            if name not in UPDATABLE:
                raise Rejected(
                    f"You can not update the field [{name}] without updating the whole template."
                )
        with self.kept.turn(workflow_id):
            found = self.kept.find(workflow_id)
            template = {**(found.template or {}), **fields}
            check_grammar(template)
            return self.kept.store.put(replace(found, template=template, updated=now()))

    def see_theirs(self, workflow_id: str, caller: Caller) -> None:
        """Refuse to tell a caller of another one's workflow. Raises `Rejected` 403."""
        if not caller.own_only:
            return
        found = self.kept.store.get(workflow_id)
        if found is not None and not caller.sees(found.owner):
            raise Rejected(f"User does not have permissions to access workflow: {workflow_id}", 403)

    def of(self, caller: Caller) -> list[Workflow]:
        """The workflows that are a caller's to find."""
        return [item for item in self.kept.store.all() if caller.sees(item.owner)]

    def status(self, workflow_id: str) -> tuple[Workflow, State | None]:
        """A workflow, and what has been made of it. Raises `Rejected` 404."""
        found = self.kept.store.get(workflow_id)
        if found is None or found.state is None:
            raise Rejected(f"Fail to find workflow status of {workflow_id}", 404)
        return found, self.kept.state_of(found)

    def delete(self, workflow_id: str, *, clear_status: bool) -> tuple[Workflow, bool]:
        """Delete a template, and its status once nothing is left of it, or with `clear_status`.

        What was made stays on the cluster. Never the status while a run goes on. Gives the
        workflow as it was, and whether there was a template.
        """
        with self.kept.turn(workflow_id):
            found = self.kept.store.get(workflow_id)
            if found is None:
                return Workflow(workflow_id), False
            made = self._made(found)
            if found.order is None and (clear_status or not made):
                # What may still be on the cluster can be found out from the state alone.
                self.kept.store.remove(found, state=not made)
            else:
                self.kept.store.put(replace(found, template=None, sealed=""))
            return found, found.template is not None

    def _made(self, workflow: Workflow) -> list[dict[str, Json]]:
        try:
            return resources(self.kept.state_of(workflow))
        except FlowplanError:
            # A state that can't be read is not one that may be thrown away.
            return [{}]
