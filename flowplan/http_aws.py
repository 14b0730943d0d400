"""Signs requests for Amazon OpenSearch Service with AWS Signature Version 4.

The one file that imports botocore, which comes with the extra `aws`; `flowplan.http_credentials`
imports this file only where FLOWPLAN_AWS_SIGV4 asks for it. It must not know how requests are
sent, only what is sent: method, URL, headers and the bytes of the body. Keys come from botocore's
own chain: environment, profile, SSO, web identity, container, instance.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flowplan.errors import ProviderError

__all__ = ["AwsSigner"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


class AwsSigner:
    """Signs for one service and region. For any number of threads.

    Raises `ProviderError` FP388 where botocore is not installed. The keys are looked for at the
    first request, since that may ask a server for them.
    """

    def __init__(self, service: str, region: str) -> None:
        try:
            import botocore.auth  # noqa: F401 - found missing now rather than at the first request
        except ImportError as error:
            raise ProviderError.of(
                "FP388",
                "FLOWPLAN_AWS_SIGV4 needs botocore, which is not installed",
                f"Importing it says: {error}.",
                hint="Install it with its extra:\n  pip install 'flowplan[aws]'",
            ) from None
        self._service = service
        self._region = region
        self._source: Any = None
        self._guard = threading.Lock()
        self._secrets: frozenset[str] = frozenset()

    def secrets(self) -> frozenset[str]:
        """Every key and session token used so far; they are renewed while a command runs."""
        return self._secrets

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> Mapping[str, str]:
        """The headers that sign this request. Raises `ProviderError` FP389 without keys.

        Host, content type, body and time are signed; headers that a proxy may change are not.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        keys = self._keys()
        signed = {
            "Host": _host(url),
            # OpenSearch Serverless demands it, and a domain accepts it.
            "X-Amz-Content-SHA256": hashlib.sha256(content).hexdigest(),
        }
        if "Content-Type" in headers:
            signed["Content-Type"] = headers["Content-Type"]
        request = AWSRequest(method=method, url=url, headers=signed, data=content)
        SigV4Auth(keys, self._service, self._region).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}

    def _keys(self) -> Any:
        """The keys as they are now, renewed by botocore where they end."""
        from botocore.exceptions import BotoCoreError

        try:
            with self._guard:
                if self._source is None:
                    self._source = _look_for_keys()
                keys = self._source.get_frozen_credentials() if self._source else None
                if keys:
                    known = {keys.access_key, keys.secret_key, keys.token or keys.access_key}
                    self._secrets |= known
        except (BotoCoreError, OSError, ValueError) as error:
            # Others than botocore's own may hold what a helper program printed: keys.
            why = str(error) if isinstance(error, BotoCoreError) else type(error).__name__
            raise _no_keys("the AWS credentials can't be read", why) from None
        if not keys:
            raise _no_keys("no AWS credentials were found", "FLOWPLAN_AWS_SIGV4 is set.")
        return keys


def _look_for_keys() -> Any:
    from botocore.session import get_session

    return get_session().get_credentials()


def _no_keys(summary: str, detail: str) -> ProviderError:
    return ProviderError.of(
        "FP389",
        summary,
        detail,
        hint="Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a "
        "role gives them.\nTo see what is found:\n  aws sts get-caller-identity",
    )


def _host(url: str) -> str:
    """The Host header: the port only where it isn't the scheme's own."""
    parts = urlsplit(url)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    usual = parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme)
    return name if usual else f"{name}:{parts.port}"
