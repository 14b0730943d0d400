"""Which object of which bucket a URL means.

    s3://bucket/teams/chat.state.json?region=eu-central-1&endpoint=https://s3.example.org

Credentials are never part of it: they come from where every tool for S3 has them. This module
must not know objects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from flowplan.dataclass import dataclass
from flowplan.errors import FlowplanError, StateError, nearest

__all__ = ["Address", "parse_url"]

_OPTIONS = ("region", "endpoint")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}\Z")
_REGION = re.compile(r"[a-z0-9-]{1,40}\Z")
# S3 allows 1,024 bytes, and what lies beside the document has a longer name.
_KEY_BYTES = 900
# Where compatible servers have no regions, signatures still name one.
_ANY_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Address:
    """One state in one bucket; None where the ordinary settings of the AWS tools decide."""

    bucket: str
    key: str
    region: str | None
    endpoint: str | None
    location: str


def parse_url(url: str, environ: Mapping[str, str]) -> Address:
    """Read the URL of a state; an endpoint that it lacks is AWS_ENDPOINT_URL_S3's.

    Raises `StateError` FP445, never with the text of a credential.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _bad("it can't be read as a URL") from None
    if "@" in parts.netloc:
        raise _bad("it has credentials in it, which a URL shows to everybody")
    if parts.fragment or re.search(r"\s", url):
        raise _bad("it isn't of the form s3://BUCKET/KEY")
    if not _BUCKET.match(parts.netloc):
        raise _bad(f'"{parts.netloc}" is no name of a bucket' if parts.netloc else _NO_BUCKET)
    options = _options(parts.query)
    endpoint = options.get("endpoint") or _named(environ)
    region = options.get("region")
    if region is not None and not _REGION.match(region):
        raise _bad(f'"{region}" is no name of a region')
    if region is None and endpoint and not _region(environ):
        region = _ANY_REGION
    if endpoint:
        _check_endpoint(endpoint)
    return Address(parts.netloc, _key(parts), region, endpoint or None, url)


_NO_BUCKET = "it names no bucket"


def _named(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL", "")


def _region(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", "")


def _key(parts: SplitResult) -> str:
    key = unquote(parts.path[1:])
    if not key or key.endswith("/"):
        raise _bad("it names no object in the bucket")
    if len(key.encode()) > _KEY_BYTES or any(char < " " for char in key):
        raise _bad("the name of its object is too long or has control characters")
    if {"", ".", ".."} & set(key.split("/")):
        raise _bad("the name of its object has an empty part, . or ..")
    return key


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


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"}:
        raise _bad("its endpoint isn't of the form https://HOST:PORT")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise _bad("its endpoint has credentials or a query in it")


def _bad(why: str) -> FlowplanError:
    return StateError.of(
        "FP445",
        f"the URL of the state can't be used: {why}",
        "A state in S3 is named s3://BUCKET/KEY?region=REGION, with &endpoint=https://HOST for a"
        " compatible server. Credentials come from AWS_PROFILE, AWS_ACCESS_KEY_ID and the other"
        " places of the AWS tools.",
        hint="--state 's3://states/chat.state.json?region=eu-central-1'",
    )
