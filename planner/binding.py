"""What a plan is bound to: digests of template and params, and the state as it was found.

A saved plan whose binding no longer fits is refused before the first write. Must not know
how plans are stored or carried out.
"""

from __future__ import annotations

import hashlib

from flowplan.dataclass import replace
from flowplan.planner.plan import Binding, Plan
from flowplan.planner.plan_data import to_json
from flowplan.planner.values import canonical
from flowplan.planner.workspace import Workspace
from flowplan.state.backends import Snapshot
from flowplan.state.identity import new_lineage, new_salt

__all__ = ["bind", "fingerprint"]


def bind(workspace: Workspace, snapshot: Snapshot, known: Binding | None = None) -> Binding:
    """The binding of a plan made now.

    A workflow without a state gets its lineage and salt here, or keeps those of `known`, so
    that the apply of a saved plan takes them over.
    """
    state = snapshot.state
    lineage = state.lineage if state else (known.lineage if known else new_lineage())
    salt = state.salt if state else (known.salt if known else new_salt())
    template, params = workspace.template, workspace.params
    return Binding(
        template=hashlib.sha256(canonical(template.document.value)).hexdigest() if template else "",
        params=params.digest(salt) if params else "",
        lineage=lineage,
        serial=state.serial if state else 0,
        journal=snapshot.journal_length,
        cluster=(state.cluster.uuid or state.cluster.endpoint) if state else "",
        salt=salt,
        secrets=params.secret_digests(salt) if params else {},
    )


def fingerprint(plan: Plan) -> str:
    """SHA-256 over what a plan would do, in hex: two with one fingerprint do the same.

    Notes and the words of steps are not part of it: how many documents an index has today is
    nothing that anybody does. The digest of the template covers what is sensitive in it.
    """
    does = [replace(change, notes=(), steps=()) for change in plan.changes]
    told = [plan.mode, plan.workflow, plan.binding.template, does, plan.outputs]
    return hashlib.sha256(canonical(to_json(told))).hexdigest()
