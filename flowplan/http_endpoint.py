"""Where a cluster answers: the endpoint's URL.

Used by `flowplan.http` only. It must not know how requests are sent. Credentials leave the URL
here, so that nothing that names the endpoint can show them.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from flowplan.dataclass import dataclass, field
from flowplan.errors import FlowplanError, ProviderError

__all__ = ["Endpoint", "parse_endpoint"]

MOUNTED = "http+sandbox"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a cluster answers. `base` has no credentials and no slash at its end.

    `user` and `password` are those of the URL, decoded; None where it has none.
    """

    base: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def mounted(self) -> bool:
        """Whether it is in this process: nobody asks who asks, and there is no TLS."""
        return self.base.startswith(f"{MOUNTED}:")

    @property
    def encrypted(self) -> bool:
        """Whether requests go through TLS."""
        return self.base.startswith("https:")


def parse_endpoint(text: str) -> Endpoint:
    """Read `https://user:password@host:port/prefix`.

    Raises `ProviderError` FP320 for what is no endpoint.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad_endpoint("it can't be read as a URL") from None
    if parts.scheme not in {"http", "https", MOUNTED}:
        raise _bad_endpoint("it doesn't begin with http:// or https://")
    if not host or parts.query or parts.fragment or re.search(r"\s", text):
        raise _bad_endpoint("it isn't of the form https://host:port")
    name = f"[{host}]" if ":" in host else host
    base = f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
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
