"""What a plan is bound to: digests of template and params, and the state as it was found.

A saved plan whose binding no longer fits is refused before the first write. Must not know
how plans are stored or carried out.
"""

from __future__ import annotations

import hashlib

from flowplan.planner.plan import Binding
from flowplan.planner.values import canonical
from flowplan.planner.workspace import Workspace
from flowplan.state.backends import Snapshot
from flowplan.state.identity import new_lineage, new_salt

__all__ = ["bind"]


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
    )
