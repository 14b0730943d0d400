"""The credentials of a request: basic or bearer, as the cluster takes them.

It must not know whether they are right.
"""

from __future__ import annotations

import base64
import binascii

from flowplan.server.access import NotSignedIn

__all__ = ["CHALLENGE", "signed_in"]

CHALLENGE = 'Basic realm="flowplan", Bearer realm="flowplan"'


def signed_in(authorization: str) -> dict[str, str]:
    """The header as the environment in which `flowplan.http` finds credentials.

    Raises `NotSignedIn` for anything but basic and bearer.
    """
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value.isascii() and value.isprintable() and " " not in value:
        if value and value.lower() != "bearer":
            return {"FLOWPLAN_TOKEN": value}
    elif scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            user = password = ""
        if user and password:
            return {"FLOWPLAN_USERNAME": user, "FLOWPLAN_PASSWORD": password}
    raise NotSignedIn(
        "Sign in as for the cluster: with user and password, or a bearer token.", CHALLENGE
    )
