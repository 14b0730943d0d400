"""Users of the cluster: who asks signs in with what the cluster knows, and is asked for there.

The security plugin tells who somebody is. Where something else guards the cluster, as a proxy, it
has to let in who signs in, and nobody else. It must not know workflows.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, TypeAlias

from flowplan.dataclass import dataclass
from flowplan.errors import Refused, UsageError
from flowplan.http_credentials import who_asks
from flowplan.http_endpoint import parse_endpoint
from flowplan.protocol import Response
from flowplan.server.access import Caller, NotSignedIn
from flowplan.server.clusters import SANDBOX, Clusters
from flowplan.server.credentials import CHALLENGE, signed_in
from flowplan.server.errors import Rejected

__all__ = ["Accounts", "see_passable"]

Json: TypeAlias = Any
_WHO = "/_plugins/_security/authinfo"
# Who has this role of the security plugin sees the workflows of all.
_ADMINISTRATOR = "all_access"
_GOOD_FOR, _MOST = 5.0, 1000
_OWN = ("FLOWPLAN_USERNAME", "FLOWPLAN_PASSWORD", "FLOWPLAN_TOKEN", "FLOWPLAN_TOKEN_FILE",
        "FLOWPLAN_AWS_SIGV4")  # fmt: skip


def see_passable(url: str, environ: Mapping[str, str]) -> None:
    """Raise `UsageError` FP688 where the credentials of callers can't be the ones that count."""
    if url.startswith(SANDBOX):
        raise UsageError.of(
            "FP688",
            "--pass-through needs a cluster that checks credentials, and the sandbox does not",
            hint="Name the cluster with --endpoint URL, or who may ask with --tokens FILE.",
        )
    if who_asks(parse_endpoint(url), environ) is not None:
        raise UsageError.of(
            "FP688",
            "--pass-through, and the server has credentials of its own",
            "With it each request is made with the credentials of who sent it, so these would "
            "never be used.",
            hint=f"Unset {', '.join(_OWN[:3])} and what else names a user, or use --tokens FILE.",
        )


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    until: float


class Accounts:
    """Asks the cluster who somebody is, at most every few seconds; satisfies `Access`."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._guard = Lock()
        self._known: dict[str, _Known] = {}
        self._guarded = False

    def caller(self, authorization: str) -> Caller:
        """The user of the cluster. Raises `NotSignedIn`, `Unreachable`."""
        names = signed_in(authorization)
        key = hashlib.sha256(authorization.encode("utf-8", "surrogateescape")).hexdigest()
        now = time.monotonic()
        with self._guard:
            known = self._known.get(key)
        if known is not None and known.until > now:
            return known.caller
        caller = self._ask(authorization, names, key)
        with self._guard:
            if len(self._known) >= _MOST:
                self._known = {name: item for name, item in self._known.items() if item.until > now}
            if len(self._known) < _MOST:
                self._known[key] = _Known(caller, now + _GOOD_FOR)
        return caller

    def _ask(self, authorization: str, names: Mapping[str, str], key: str) -> Caller:
        told = self._get(_WHO, authorization)
        if told.status == 200 and isinstance(told.body, dict) and told.body.get("user_name"):  # noqa: PLR2004
            roles = told.body.get("roles") or ()
            name = str(told.body["user_name"])
            return Caller(name, authorization=authorization, own_only=_ADMINISTRATOR not in roles)
        # No security plugin: something in front of the cluster may tell users apart.
        self._get("/", authorization)
        self._see_guarded()
        # Nobody tells the name that belongs to a token; its digest tells one from another.
        name = names.get("FLOWPLAN_USERNAME") or f"token-{key[:12]}"
        return Caller(name, authorization=authorization, own_only=True)

    def _see_guarded(self) -> None:
        """See that not everybody is let in. Raises `Rejected` 403."""
        if self._guarded:
            return
        with self._clusters.connected() as connection:
            answer = connection.operation().request("GET", "/", accept=(401, 403))
        if answer.status not in {401, 403}:
            raise Rejected(
                "The cluster lets everybody in, so nobody can sign in there: flowplan serve has to"
                " be started with --tokens in the place of --pass-through.",
                403,
            )
        self._guarded = True

    def _get(self, path: str, authorization: str) -> Response:
        """What the cluster answers this user. Raises `NotSignedIn`."""
        try:
            with self._clusters.connected(authorization) as connection:
                answer = connection.operation().request(
                    "GET", path, accept=(400, 401, 403, 404, 405, 500, 501)
                )
        except Refused as refused:
            raise Rejected(refused.reason, refused.status) from None
        if answer.status == 401:  # noqa: PLR2004
            raise NotSignedIn("The cluster does not know this user or password.", CHALLENGE)
        return answer
