"""Who asks: a user with a password, a bearer token or AWS Signature Version 4.

Used by `flowplan.http` only. It must not know how requests are sent. Credentials come from the
environment, a file or the endpoint's URL, never from a flag; what they consist of is told to the
connection as secrets, in each form in which a server could send it back.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from flowplan.dataclass import dataclass, field
from flowplan.errors import ProviderError
from flowplan.http_endpoint import Endpoint

__all__ = ["Authorization", "FixedHeader", "who_asks"]

AWS_SERVICES = ("es", "aoss")
_REGIONS = ("FLOWPLAN_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_TOKEN = re.compile(r"[!-~]+")


class Authorization(Protocol):
    """What makes a request one of this account."""

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> Mapping[str, str]:
        """The headers to add to a request that is sent exactly so."""

    def secrets(self) -> frozenset[str]:
        """The clear texts that no message may show, after the latest `headers`."""


@dataclass(frozen=True, slots=True)
class FixedHeader:
    """The same `Authorization` for every request: basic or bearer."""

    scheme: str
    value: str = field(repr=False)
    hidden: frozenset[str] = field(repr=False)

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> Mapping[str, str]:
        """The one header."""
        return {"Authorization": f"{self.scheme} {self.value}"}

    def secrets(self) -> frozenset[str]:
        """The secret itself, and what is sent of it: a server may echo either."""
        return self.hidden | {self.value}


def who_asks(place: Endpoint, environ: Mapping[str, str]) -> Authorization | None:
    """The credentials for `place`; None when there are none, as for a mounted sandbox.

    FLOWPLAN_USERNAME and _PASSWORD come before the URL's own. Raises `ProviderError`: FP325 for
    half a credential, FP380 for two kinds at once, FP381 and FP382 for a token that can't be read
    or sent, FP386 to FP388 for an AWS signature that can't be made.
    """
    if place.mounted:
        return None
    found = {
        "FLOWPLAN_USERNAME": environ.get("FLOWPLAN_USERNAME") or environ.get("FLOWPLAN_PASSWORD"),
        "user:password@ in the endpoint": place.user,
        "FLOWPLAN_TOKEN": environ.get("FLOWPLAN_TOKEN"),
        "FLOWPLAN_TOKEN_FILE": environ.get("FLOWPLAN_TOKEN_FILE"),
        "FLOWPLAN_AWS_SIGV4": environ.get("FLOWPLAN_AWS_SIGV4"),
    }
    given = [name for name, value in found.items() if value]
    # Both name a user: the environment's replaces the URL's, as it always did.
    if given[:2] == list(found)[:2]:
        del given[1]
    if len(given) > 1:
        raise ProviderError.of(
            "FP380",
            f"two kinds of credentials are set: {' and '.join(given)}",
            "A request has one Authorization header, and a guess could show the wrong secret to "
            "the cluster.",
            hint=f"Unset all but one: {', '.join(given)}.",
        )
    if environ.get("FLOWPLAN_TOKEN"):
        return _bearer(environ["FLOWPLAN_TOKEN"], "FLOWPLAN_TOKEN")
    if environ.get("FLOWPLAN_TOKEN_FILE"):
        return _bearer(_token_file(environ["FLOWPLAN_TOKEN_FILE"]), "FLOWPLAN_TOKEN_FILE")
    if environ.get("FLOWPLAN_AWS_SIGV4"):
        return _aws(environ["FLOWPLAN_AWS_SIGV4"], environ)
    return _basic(place, environ)


def _basic(place: Endpoint, environ: Mapping[str, str]) -> Authorization | None:
    user, password = environ.get("FLOWPLAN_USERNAME"), environ.get("FLOWPLAN_PASSWORD")
    if bool(user) != bool(password):
        raise ProviderError.of(
            "FP325",
            "only one of FLOWPLAN_USERNAME and FLOWPLAN_PASSWORD is set",
            hint="Set both, or neither.",
        )
    if not user and place.user is None:
        return None
    if not (user and password):
        user, password = place.user or "", place.password or ""
    # UTF-8, as OpenSearch reads it; HTTP libraries would take Latin-1.
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return FixedHeader("Basic", value, frozenset({password}))


def _token_file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ProviderError.of(
            "FP381",
            "the file that FLOWPLAN_TOKEN_FILE names can't be read",
            f"{path}: {why}.",
            hint="Name a file that holds the token and nothing else.",
        ) from None


def _bearer(text: str, name: str) -> Authorization:
    token = text.strip()
    if _TOKEN.fullmatch(token) is None or token.lower() == "bearer":
        what = "is empty" if not token else "has characters that no HTTP header can carry"
        raise ProviderError.of(
            "FP382",
            f"the token of {name} {what}",
            "A token is one word of visible ASCII characters.",
            hint="Give the token alone, without quotes and without Bearer before it.",
        )
    return FixedHeader("Bearer", token, frozenset())


def _aws(service: str, environ: Mapping[str, str]) -> Authorization:
    if service not in AWS_SERVICES:
        raise ProviderError.of(
            "FP386",
            f'FLOWPLAN_AWS_SIGV4 is "{service}"',
            "It names the service that requests are signed for.",
            hint="Set it to es for an OpenSearch domain, or to aoss for OpenSearch Serverless.",
        )
    region = next((environ[name] for name in _REGIONS if environ.get(name)), "")
    if _REGION.fullmatch(region) is None:
        raise ProviderError.of(
            "FP387",
            f'"{region}" is no AWS region' if region else "no AWS region is named",
            "A signature is valid in one region.",
            hint="Set FLOWPLAN_AWS_REGION, as eu-west-1.",
        )
    from flowplan.http_aws import AwsSigner

    return AwsSigner(service, region)
