"""Bearer tokens: made here, kept as digests in a file, one line each.

    # name:sha256 of the token:role     a role is write (the default) or read
    ci:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    board:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752:read

A token is 32 random bytes, so a plain digest can't be undone by guessing. This module must not
know requests beyond that header.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import re
import secrets
from pathlib import Path
from threading import Lock

from flowplan.dataclass import dataclass
from flowplan.errors import Diagnostic, UsageError
from flowplan.server.access import Caller, NotSignedIn

__all__ = ["ROLES", "Token", "Tokens", "make_token"]

ROLES = ("write", "read")
_LINE = re.compile(r"(?P<name>[\w.@-]{1,64}):(?P<digest>[0-9a-f]{64})(?::(?P<role>\w+))?")
_NAME = re.compile(r"[\w.@-]{1,64}")
_CHALLENGE = 'Bearer realm="flowplan"'
_log = logging.getLogger(__name__)


class BadFile(UsageError):
    """The file of tokens can't be used. Exit 1: the call itself was right."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Token:
    """One line of the file."""

    name: str
    digest: str
    role: str = "write"


def make_token(name: str, role: str) -> tuple[str, str]:
    """A new token, which is shown once, and the line of the file that knows it.

    Raises `UsageError` FP604 for what is no name.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError.of(
            "FP604",
            f'"{name}" is no name for a token',
            "It has letters, digits and . _ @ - only, 64 at most.",
            hint="Name who will use it: flowplan serve --new-token ci",
        )
    token = f"flowplan_{secrets.token_urlsafe(32)}"
    ending = "" if role == ROLES[0] else f":{role}"
    return token, f"{name}:{_digest(token)}{ending}"


class Tokens:
    """The tokens of a file, read again when it changes; satisfies `Access`.

    Raises `UsageError` FP687, when it is made, for a file that can't be used. One that can't be
    used later leaves the tokens as they were, and the log says so.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._guard = Lock()
        self._mark = _mark(file)
        self._tokens = _read(file)

    def caller(self, authorization: str) -> Caller:
        """The holder of the token that the request shows. Raises `NotSignedIn`."""
        shown = _shown(authorization)
        if shown is None:
            raise NotSignedIn(
                "A token is needed: send it as Authorization: Bearer TOKEN.", _CHALLENGE
            )
        user, token = shown
        digest = _digest(token)
        # All are compared, so that the time taken tells nothing about which.
        found = [item for item in self._now() if hmac.compare_digest(item.digest, digest)]
        if not found or user not in {None, "", found[0].name}:
            raise NotSignedIn(
                "The token is not known: it may have been withdrawn.",
                f'{_CHALLENGE}, error="invalid_token"',
            )
        return Caller(found[0].name, may_change=found[0].role == "write")

    def _now(self) -> tuple[Token, ...]:
        with self._guard:
            mark = _mark(self._file)
            if mark != self._mark:
                self._mark = mark
                try:
                    self._tokens = _read(self._file)
                except BadFile as error:
                    _log.error("%s; the tokens stay as they were", error)
            return self._tokens


def _shown(authorization: str) -> tuple[str | None, str] | None:
    """User and token: as a bearer, or for clients that know no other, as name and password."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return None, value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        user, mark, token = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, token) if mark else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _mark(file: Path) -> tuple[int, int, int] | None:
    """What differs once somebody wrote the file."""
    try:
        there = file.stat()
    except OSError:
        return None
    return there.st_mtime_ns, there.st_size, there.st_ino


def _read(file: Path) -> tuple[Token, ...]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise _unusable(file, f"can't be read: {why}") from None
    found = []
    for number, text in enumerate(lines, 1):
        line = text.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _unusable(file, "has a line that is no token's", number)
        role = match["role"] or ROLES[0]
        if role not in ROLES:
            raise _unusable(file, f'has a role "{role}", and there are write and read', number)
        found.append(Token(match["name"], match["digest"], role))
    if not found:
        raise _unusable(file, "has no token")
    return tuple(found)


def _unusable(file: Path, why: str, line: int | None = None) -> BadFile:
    # The line itself stays out of the message: somebody may have put the token there.
    return BadFile(
        Diagnostic(
            "error",
            "FP687",
            f"the file of tokens {why}",
            "Each of its lines is NAME:SHA256, or NAME:SHA256:read.",
            file=str(file),
            line=line,
            hint="Make a token and its line: flowplan serve --new-token NAME",
        )
    )
