"""Which index of which cluster a URL means, who asks there, and whom the connection trusts.

    opensearch://user:password@host:9200/index?key=chat.prod&tls=true

The environment variables are those of the cluster that is worked on, with FLOWPLAN_STATE_ in
place of FLOWPLAN_; without them those of that cluster serve both. This module must not know
documents.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlsplit

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import FlowplanError, ProviderError, StateError, nearest
from flowplan.http import Connection, open_connection

__all__ = ["Place", "connect", "parse_url"]

DEFAULT_KEY = "default"
PORT = 9200
REQUEST_TIMEOUT = 15.0
_OPTIONS = ("key", "tls")
# No comma, no star, no leading underscore: one index, and no path of another API.
_INDEX = re.compile(r"(?!\.{1,2}\Z)[a-z0-9.][a-z0-9._-]{0,199}\Z")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")
_BOOLEANS = {"true": True, "false": False}
# Those of one line go together: half of one account with half of another would be nobody's.
_CREDENTIALS = ("USERNAME", "PASSWORD", "TOKEN", "TOKEN_FILE", "AWS_SIGV4")
_GROUPS = (
    _CREDENTIALS,
    ("CLIENT_CERT", "CLIENT_KEY"),
    ("CA_BUNDLE", "INSECURE"),
    ("AWS_REGION",),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One state in one index. `endpoint` may have credentials, `location` has none."""

    endpoint: str = field(repr=False)
    index: str
    key: str
    location: str


def parse_url(url: str) -> Place:
    """Read the URL of a state. TLS is used except on this machine, unless `tls` says otherwise.

    Raises `StateError` FP454.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError:
        raise _bad("it can't be read as a URL") from None
    if not host or parts.fragment or re.search(r"\s", url):
        raise _bad("it isn't of the form opensearch://host:port/index")
    options = _options(parts.query)
    prefix, _, index = parts.path.removesuffix("/").rpartition("/")
    if not _INDEX.match(index):
        raise _bad(f'"{index}" is no name for one index' if index else "it names no index")
    key = options.get("key", DEFAULT_KEY)
    if not _KEY.match(key):
        raise _bad(f'key "{key}" has other characters than letters, digits, ., _ and -')
    tls = options.get("tls", "false" if _on_this_machine(host) else "true")
    if tls not in _BOOLEANS:
        raise _bad(f'tls is "{tls}", and not true or false')
    name = f"[{host}]" if ":" in host else host
    where = f"{name}:{port}{prefix}"
    scheme = "https" if _BOOLEANS[tls] else "http"
    query = f"?{parts.query}" if parts.query else ""
    return Place(
        f"{scheme}://{_user(parts)}{where}", index, key, f"opensearch://{where}/{index}{query}"
    )


def connect(place: Place, environ: Mapping[str, str]) -> Connection:
    """The connection; nothing is sent yet.

    Raises the `ProviderError` of `flowplan.http.open_connection` for settings that can't be
    used, in the names of the variables that were set.
    """
    mine = _own(environ, named="@" in place.endpoint)
    try:
        return open_connection(
            place.endpoint,
            environ=_effective(environ, mine),
            timeout=REQUEST_TIMEOUT,
            shown=place.location,
        )
    except ProviderError as error:
        set_here = "|".join(name for group in mine for name in group)
        raise _renamed(error, set_here) from None


def _options(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            guess = nearest(name, _OPTIONS)
            raise _bad(
                f'it has no option "{name}"' + (f'; did you mean "{guess}"?' if guess else "")
            )
        if name in found:
            raise _bad(f'option "{name}" is there twice')
        found[name] = value
    return found


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _user(parts: SplitResult) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    return user + at


def _own(environ: Mapping[str, str], *, named: bool) -> list[tuple[str, ...]]:
    """The groups that are set for the state's cluster; `named`: the URL names a user."""
    return [
        group
        for group in _GROUPS
        if any(environ.get(f"FLOWPLAN_STATE_{name}") for name in group)
        or (named and group is _CREDENTIALS)
    ]


def _effective(environ: Mapping[str, str], mine: list[tuple[str, ...]]) -> dict[str, str]:
    """The environment as the connection is to see it."""
    found = dict(environ)
    for name in (name for group in mine for name in group):
        found[f"FLOWPLAN_{name}"] = environ.get(f"FLOWPLAN_STATE_{name}", "")
    return found


def _renamed(error: ProviderError, names: str) -> FlowplanError:
    def rename(text: str) -> str:
        return re.sub(rf"\bFLOWPLAN_(?=(?:{names})\b)", "FLOWPLAN_STATE_", text) if names else text

    return ProviderError(
        *(
            replace(
                item,
                summary=rename(item.summary),
                detail=rename(item.detail),
                hint=rename(item.hint),
            )
            for item in error.diagnostics
        )
    )


def _bad(why: str) -> FlowplanError:
    # The URL itself stays out of the message: there may be a password in it.
    return StateError.of(
        "FP454",
        "the URL of the state can't be used",
        f"As written, {why}.",
        hint="Write it as opensearch://host:9200/index, with ?key=NAME for one of several states"
        " and ?tls=true or ?tls=false where the usual is not meant.",
    )
