"""Who asks: nobody in particular on this machine, the holder of a token, or a user of the cluster.

    Anybody       no credentials; on the loopback address only
    tokens.py     bearer tokens, hashed in a file
    accounts.py   the caller's own credentials, which the cluster checks

It must not know routes or workflows.
"""

from __future__ import annotations

import ipaddress
from typing import Protocol

from flowplan.dataclass import dataclass, field
from flowplan.errors import UsageError
from flowplan.server.errors import Rejected

__all__ = ["Access", "Anybody", "Caller", "NotSignedIn", "see_safe"]

_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request. `name` is None where nobody asks for it.

    `authorization` is what the cluster is asked with in the place of the server's own credentials.
    With `own_only` only the workflows that this name made are theirs.
    """

    name: str | None = None
    may_change: bool = True
    authorization: str = field(default="", repr=False)
    own_only: bool = False

    @property
    def owner(self) -> str | None:
        """Whose a workflow becomes that this caller makes."""
        return self.name if self.authorization else None

    def sees(self, owner: str | None) -> bool:
        """Whether the workflows of an owner are this caller's to ask for."""
        return not self.own_only or owner == self.name

    def see_permitted(self, method: str, path: str) -> None:
        """Refuse a change to who may only read. Raises `Rejected` 403."""
        if not self.may_change and method not in _READING and not path.endswith("/_search"):
            raise Rejected(f"The token of {self.name} may only read.", 403)


class NotSignedIn(Rejected):
    """401: no credentials, or wrong ones. `challenge` is what `WWW-Authenticate` says."""

    def __init__(self, text: str, challenge: str) -> None:
        super().__init__(text, 401)
        self.challenge = challenge


class Access(Protocol):
    """Tells callers apart. Threads may share it."""

    def caller(self, authorization: str) -> Caller:
        """Who sent this header, "" for none.

        Raises `NotSignedIn`, and `FlowplanError` when it can't tell.
        """


class Anybody:
    """Whoever reaches the port; which nobody does from elsewhere."""

    def caller(self, authorization: str) -> Caller:
        """Nobody in particular."""
        return Caller()


def see_safe(host: str, access: Access) -> None:
    """Raise `UsageError` FP686 for an address that others reach while anybody may ask."""
    if not isinstance(access, Anybody) or _is_loopback(host):
        return
    raise UsageError.of(
        "FP686",
        f"{host} can be reached from other machines, and nobody has to sign in",
        "Whoever reaches the port could change the cluster with the server's credentials.",
        hint="Name who may ask with --tokens FILE, or let the cluster tell with --pass-through.\n"
        "Make a token: flowplan serve --new-token NAME",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
