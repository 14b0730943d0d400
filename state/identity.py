"""Whose state this is: names made for a new one, and the checks before an old one is used.

This module must not know where a state is kept or how a cluster is asked for its uuid.
"""

from __future__ import annotations

import re
import secrets
import shlex

from flowplan.errors import StateError
from flowplan.state.model import ClusterIdentity, State

__all__ = ["check_cluster", "check_workflow", "new_lineage", "new_salt"]


def new_lineage() -> str:
    """A `workflow_id`: 20 URL-safe characters, as OpenSearch makes its ids."""
    lineage = secrets.token_urlsafe(15)
    # One that begins with a dash would read as an option on a command line.
    return lineage if lineage[0] != "-" else new_lineage()


def new_salt() -> str:
    """The key of a state's digests: 32 random bytes in hexadecimal."""
    return secrets.token_hex(32)


def check_workflow(state: State, name: str, location: str) -> None:
    """Refuse another template's state: its resources would be planned for deletion.

    Raises `StateError` FP406.
    """
    if state.workflow == name:
        return
    raise StateError.of(
        "FP406",
        f"{location} is the state of another workflow",
        f'The state is that of "{state.workflow}", the template is named "{name}".',
        hint=(
            "If these are two workflows, give each its own with --state PATH.\n"
            "If the template was renamed: "
            + shlex.join(["flowplan", "state", "rename", name, "--state", location])
        ),
    )


def check_cluster(state: State, identity: ClusterIdentity, location: str) -> None:
    """Refuse another cluster: the recorded ids mean nothing there.

    The uuid decides where both are known, else the endpoint. Raises `StateError` FP407.
    """
    recorded = state.cluster
    if recorded.uuid and identity.uuid:
        same = recorded.uuid == identity.uuid
    else:
        ours, theirs = _address(recorded.endpoint), _address(identity.endpoint)
        same = not ours or not theirs or ours == theirs
    if same:
        return
    rebind = ["flowplan", "state", "rebind", "--state", location]
    if identity.endpoint:
        rebind += ["--endpoint", _address(identity.endpoint)]
    raise StateError.of(
        "FP407",
        f"{location} belongs to another cluster",
        f"Its resources are on {_name(recorded)}, this is {_name(identity)}.",
        hint=(
            "Check --endpoint, or use a state of its own with --state PATH.\n"
            "If this is the same cluster, built anew or moved: " + shlex.join(rebind)
        ),
    )


def _address(endpoint: str) -> str:
    """An endpoint without credentials and the slash at its end: those name no cluster."""
    return re.sub(r"(?<=://)[^/@]*@", "", endpoint).rstrip("/")


def _name(identity: ClusterIdentity) -> str:
    address = _address(identity.endpoint) or "an unnamed endpoint"
    return f"{address} (cluster {identity.uuid})" if identity.uuid else address
