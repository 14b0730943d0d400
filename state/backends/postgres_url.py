"""Which state in which database a URL means, and what a database's errors become.

    postgres://user@host:5432/database?key=chat.prod&schema=flowplan&sslmode=verify-full

All but `key` and `schema` is libpq's: passwords come from `PGPASSWORD`, a password file or the
URL. This module must not know statements or connections.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from flowplan.dataclass import dataclass, field
from flowplan.errors import FlowplanError, StateError

__all__ = ["Address", "parse_url"]

DEFAULT_KEY, DEFAULT_SCHEMA = "default", "flowplan"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
_SECRET = ("password", "sslpassword", "passfile", "oauth_client_secret")
# A network that swallows packets must not outlast the lease.
_DEFAULTS = {"connect_timeout": "10", "tcp_user_timeout": "10000", "application_name": "flowplan"}
_AUTHENTICATION = re.compile(r"authentication failed|no password supplied|no pg_hba.conf entry")
_RIGHTS = frozenset({"42501", "28000", "28P01"})


@dataclass(frozen=True, slots=True)
class Address:
    """One state in one database. `conninfo` may have a password, `location` has none."""

    conninfo: str = field(repr=False)
    key: str
    schema: str
    location: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def named(self, statement: str) -> bytes:
        """The statement in this schema; its name needs no more quoting than this."""
        return statement.replace("{s}", f'"{self.schema}"').encode()

    def failure(self, sqlstate: str | None, text: str) -> FlowplanError:
        """The error that people read: FP441 out of reach, FP442 without the right, else FP443."""
        why = " ".join(text.split())
        for secret in self.secrets:
            why = why.replace(secret, "(sensitive)")
        if sqlstate in _RIGHTS or _AUTHENTICATION.search(text):
            return StateError.of(
                "FP442",
                f"{self.location} can't be used by this account",
                f"{why}.",
                hint="Give the password in PGPASSWORD or a password file, and let the account"
                f" create the schema {self.schema}, or write in it.",
            )
        if sqlstate is None or sqlstate[:2] in {"08", "57", "53"}:
            return StateError.of(
                "FP441",
                f"{self.location} can't be reached",
                f"{why}.",
                hint="Check the URL and that the server is up; then run the command again.",
            )
        return StateError.of(
            "FP443",
            f"{self.location} refused a statement of flowplan",
            f"{why} ({sqlstate}).",
            hint="PostgreSQL 14 or newer is needed, and the schema must be flowplan's own: name"
            " another with schema=NAME.",
        )


def parse_url(url: str) -> Address:
    """Read the URL of a state. Raises `StateError` FP440, never with the text of a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _bad("it can't be read as a URL") from None
    options = dict(pairs)
    if len(options) != len(pairs):
        raise _bad("an option is there twice")
    if parts.fragment or re.search(r"\s", url):
        raise _bad("it isn't of the form postgres://user@host:port/database")
    key = options.pop("key", DEFAULT_KEY)
    schema = options.pop("schema", DEFAULT_SCHEMA)
    if not _KEY.match(key):
        raise _bad("key has other characters than letters, digits, ., _ and -")
    if not _SCHEMA.match(schema):
        raise _bad("schema has other characters than a-z, 0-9 and _, or is too long")
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    secrets = [unquote(password), *(options[name] for name in _SECRET if name in options)]
    known = {**_DEFAULTS, **options}
    conninfo = urlunsplit(("postgresql", parts.netloc, parts.path, _query(known), ""))
    host = parts.netloc.rpartition("@")[2]
    shown = {name: value for name, value in pairs if name not in _SECRET}
    place = urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))
    # An empty host, as of a socket, loses its slashes otherwise.
    place = place if "://" in place else place.replace(":", "://", 1)
    location = f"{place}?{_query(shown)}" if shown else place
    return Address(
        conninfo, key, schema, location, tuple(sorted({text for text in secrets if text}, key=len))
    )


def _query(options: dict[str, str]) -> str:
    # libpq takes + for itself, not for a space.
    return urlencode(options, quote_via=quote)


def _bad(why: str) -> FlowplanError:
    return StateError.of(
        "FP440",
        f"the URL of the state can't be used: {why}",
        "A state in PostgreSQL is named postgres://user@host:port/database?key=NAME&schema=NAME,"
        " with libpq's other options as they are needed.",
        hint="--state 'postgres://ci@db.example.org/flowplan?key=chat.prod&sslmode=verify-full'",
    )
