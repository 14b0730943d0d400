"""The way to a cluster: sessions, credentials, TLS, retries, and what failures mean.

A leaf, and the only module that imports `requests`, on first use: `--help` never pays for it.
It must not know step types, state or templates. What a lost answer means for a resource is the
planner's to decide; here it only gets a name (`AnswerLost`).

Safe requests are repeated on connection errors, 429 and 502 to 504. A create is repeated only
when it certainly wasn't executed: nothing could be sent, or OpenSearch itself said 429.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from flowplan import __version__
from flowplan.http_answers import Answer
from flowplan.http_endpoint import Endpoint, parse_endpoint, verification
from flowplan.http_operation import NotAnswered, Operation, Request

if TYPE_CHECKING:
    from requests import Session
    from requests.adapters import BaseAdapter

__all__ = ["Connection", "open_connection"]

CONNECT_TIMEOUT = 10.0
MASK = "(sensitive)"
_SHORT = 4
_WITH_ID = re.compile(r"(/_plugins/_ml/\w+/)([^/]+)(/.*)?")
_VERB = re.compile(r"_[a-z_]{3,14}")


def open_connection(
    endpoint: str,
    *,
    mounts: Mapping[str, Callable[[], BaseAdapter]] | None = None,
    environ: Mapping[str, str] | None = None,
    verify: bool = True,
    timeout: float = 30.0,
    redact: Iterable[str] = (),
    shown: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> Connection:
    """A connection to `endpoint`; nothing is sent yet.

    `mounts` gives the transport adapter for a URL prefix (the sandbox's). `timeout` is how many
    seconds one request may take, `redact` the clear secrets that no message may show, `shown`
    the endpoint's name in messages. Raises `ProviderError` FP320, FP321, FP325.
    """
    environ = os.environ if environ is None else environ
    place = parse_endpoint(endpoint, environ)
    return Connection(
        place,
        mounts=dict(mounts or {}),
        verify=verification(environ, verify),
        timeout=timeout,
        redact=redact,
        shown=shown or place.base,
        sleep=sleep,
        jitter=jitter,
    )


class Connection:
    """A cluster that requests can be sent to, by any number of threads.

    `endpoint` is its name for people, without credentials; `request_count` the requests sent so
    far, retries included, and `requests` the same by method and path template.
    """

    def __init__(
        self,
        place: Endpoint,
        *,
        mounts: Mapping[str, Callable[[], BaseAdapter]],
        verify: bool | str,
        timeout: float,
        redact: Iterable[str],
        shown: str,
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self.endpoint = shown
        self.timeout = timeout
        self.requests: Counter[str] = Counter()
        self.sleep = sleep
        self.jitter = jitter
        self._place = place
        self._mounts = mounts
        self._verify = verify
        self._local = threading.local()
        self._guard = threading.Lock()
        self._sessions: list[Session] = []
        self._proxies: dict[str, str] | None = None
        self._secrets: frozenset[str] = frozenset()
        self.hide([*redact, *([place.password] if place.password else [])])

    @property
    def request_count(self) -> int:
        """Requests sent so far, retries included."""
        return self.requests.total()

    def hide(self, secrets: Iterable[str]) -> None:
        """Keep these clear texts out of every message, also in the form JSON gives them."""
        plain = {text for text in secrets if text}
        self._secrets |= plain | {json.dumps(text)[1:-1] for text in plain}

    def redact(self, text: str) -> str:
        """`text` without any secret. A very short one is replaced only where it stands alone."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) >= _SHORT:
                text = text.replace(secret, MASK)
            else:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
        return text

    def operation(
        self,
        intent_id: str | None = None,
        timeout: float = 60.0,
        on_progress: Callable[[str], None] | None = None,
        on_note: Callable[[str], None] | None = None,
    ) -> Operation:
        """The way to the cluster for one operation; `timeout` in seconds bounds all of it."""
        return Operation(self, intent_id, timeout, on_progress, on_note)

    def close(self) -> None:
        """Close every thread's session."""
        with self._guard:
            sessions, self._sessions = self._sessions, []
            self._local = threading.local()
        for session in sessions:
            session.close()

    def send(self, request: Request, timeout: float) -> Answer:
        """Send once, waiting `timeout` seconds for an answer. Raises `NotAnswered`."""
        import requests

        session = self._session()
        content = None
        if request.body is not None:
            content = json.dumps(request.body, allow_nan=False).encode()
        with self._guard:
            self.requests[f"{request.method} {_template(request.path)}"] += 1
        try:
            answer = session.request(
                request.method,
                self._place.base + request.path,
                params=request.params,
                data=content,
                headers={
                    **request.headers,
                    **({"Content-Type": "application/json"} if content else {}),
                },
                timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise _not_answered(error) from error
        heads = answer.headers
        return Answer.of(
            answer.status_code,
            answer.content,
            location=heads.get("Location", ""),
            retry_after=heads.get("Retry-After", ""),
        )

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._new_session()
            with self._guard:
                self._sessions.append(session)
            self._local.session = session
        return session

    def _new_session(self) -> Session:
        import requests

        with self._guard:
            if self._proxies is None:
                mounted = self._place.base.startswith("http+sandbox:")
                environ_proxies = requests.utils.get_environ_proxies
                self._proxies = {} if mounted else dict(environ_proxies(self._place.base))
        session = requests.Session()
        # Otherwise a .netrc replaces our Authorization, and each call reads the environment anew.
        session.trust_env = False
        session.verify = self._verify
        session.proxies = dict(self._proxies)
        session.headers["User-Agent"] = f"flowplan/{__version__}"
        session.headers["Accept"] = "application/json"
        if self._place.user is not None:
            # As bytes: requests would encode text as Latin-1 and fail on other characters.
            session.auth = (self._place.user.encode(), (self._place.password or "").encode())  # type: ignore[assignment]
        for prefix, adapter in self._mounts.items():
            session.mount(prefix, adapter())
        return session


def _template(path: str) -> str:
    """`/_plugins/_ml/models/{id}/_deploy`: the path with an id's place marked."""
    found = _WITH_ID.fullmatch(path)
    if found is None or _VERB.fullmatch(found[2]):
        return path
    return f"{found[1]}{{id}}{found[3] or ''}"


def _not_answered(error: Exception) -> NotAnswered:
    import requests
    from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else None
    if isinstance(error, requests.exceptions.SSLError):
        refused = "CERTIFICATE" in str(error).upper() or "WRONG_VERSION" in str(error).upper()
        why = "its TLS certificate can't be verified" if refused else "the TLS connection broke"
        return NotAnswered(why, sent=not refused, final=refused)
    if isinstance(reason, NameResolutionError):
        return NotAnswered("its host name can't be resolved", sent=False)
    cause = getattr(reason, "original_error", reason)
    if isinstance(reason, NewConnectionError) or isinstance(cause, NewConnectionError):
        proxy = isinstance(error, requests.exceptions.ProxyError)
        refused = "refused" in str(reason).lower()
        whose = "the proxy" if proxy else "it"
        return NotAnswered(
            f"{whose} refused the connection" if refused else f"{whose} can't be reached",
            sent=False,
        )
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotAnswered("it didn't accept a connection in time", sent=False)
    if isinstance(error, requests.exceptions.Timeout):
        return NotAnswered("it didn't answer in time", sent=True)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return NotAnswered("its address can't be used", sent=False, final=True)
    return NotAnswered("the connection broke before the answer was complete", sent=True)
