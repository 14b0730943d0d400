"""Where a cluster answers and who asks: the endpoint's URL, credentials and certificates.

Used by `flowplan.http` only. It must not know how requests are sent. Credentials leave the URL
here, so that nothing that names the endpoint can show them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flowplan.errors import FlowplanError, ProviderError

__all__ = ["Endpoint", "parse_endpoint", "verification"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a cluster answers. `base` has no credentials and no slash at its end."""

    base: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_endpoint(text: str, environ: Mapping[str, str]) -> Endpoint:
    """Read `https://user:password@host:port/prefix`; FLOWPLAN_USERNAME and _PASSWORD come first.

    Raises `ProviderError` FP320 for what is no endpoint, FP325 for half a credential.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad_endpoint("it can't be read as a URL") from None
    if parts.scheme not in {"http", "https", "http+sandbox"}:
        raise _bad_endpoint("it doesn't begin with http:// or https://")
    if not host or parts.query or parts.fragment or re.search(r"\s", text):
        raise _bad_endpoint("it isn't of the form https://host:port")
    name = f"[{host}]" if ":" in host else host
    base = f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
    if parts.scheme == "http+sandbox":
        return Endpoint(base)
    user, password = environ.get("FLOWPLAN_USERNAME"), environ.get("FLOWPLAN_PASSWORD")
    if bool(user) != bool(password):
        raise ProviderError.of(
            "FP325",
            "only one of FLOWPLAN_USERNAME and FLOWPLAN_PASSWORD is set",
            hint="Set both, or neither.",
        )
    if user and password:
        return Endpoint(base, user, password)
    if parts.username is None:
        return Endpoint(base)
    return Endpoint(base, unquote(parts.username), unquote(parts.password or ""))


def _bad_endpoint(why: str) -> FlowplanError:
    # The text itself stays out of the message: there may be a password in it.
    return ProviderError.of(
        "FP320",
        "the endpoint can't be used",
        f"As written, {why}.",
        hint="Write it as https://host:9200, or sandbox: for the embedded cluster.",
    )


def verification(environ: Mapping[str, str], verify: bool) -> bool | str:
    """What certificates are checked against: FLOWPLAN_CA_BUNDLE, REQUESTS_CA_BUNDLE or True.

    Raises `ProviderError` FP321 for a bundle that is not there.
    """
    if not verify:
        return False
    for name in ("FLOWPLAN_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        bundle = environ.get(name)
        if bundle:
            if not Path(bundle).exists():
                raise ProviderError.of(
                    "FP321",
                    f"{name} names a file that is not there",
                    f"{bundle} holds no certificates.",
                    hint=f"Correct {name}, or unset it to use the usual authorities.",
                )
            return bundle
    return True
