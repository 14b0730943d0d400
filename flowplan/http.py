"""The way to a cluster: sessions, proxies, redaction, and what failures mean.

A leaf, and the only module that imports `requests`, on first use: `--help` never pays for it.
It must not know step types, state or templates. What a lost answer means for a resource is the
planner's to decide; here it only gets a name (`AnswerLost`).

Safe requests are repeated on connection errors, 429 and 502 to 504. A create is repeated only
when it certainly wasn't executed: nothing could be sent, or OpenSearch itself said 429.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from flowplan import __version__
from flowplan.errors import Diagnostic
from flowplan.http_answers import Answer
from flowplan.http_batch import Batches
from flowplan.http_credentials import Authorization, who_asks
from flowplan.http_endpoint import Endpoint, parse_endpoint
from flowplan.http_operation import NotAnswered, Operation, Request
from flowplan.http_tls import Tls, not_checked, tls_failure, tls_settings

if TYPE_CHECKING:
    from requests import PreparedRequest, Session
    from requests.adapters import BaseAdapter

__all__ = ["Connection", "open_connection"]

CONNECT_TIMEOUT = 10.0
MASK = "(sensitive)"
_SHORT = 4
_WITH_ID = re.compile(r"(/_plugins/_ml/\w+/)([^/]+)(/.*)?")
_VERB = re.compile(r"_[a-z_]{3,14}")
_MARKUP = re.compile("[&<>\"']")
# Good for repeating the one request for some minutes; AWS shows it when it refuses.
_SIGNATURE = re.compile(r"\b(Signature=)[0-9a-f]{16,}", re.IGNORECASE)
_TUNNEL = re.compile(r"Tunnel connection failed: (.*)")
_PROXY_HINT = "Check HTTPS_PROXY and HTTP_PROXY, or add the cluster's host to NO_PROXY."
_SOCKS_HINT = "Name an HTTP proxy, or install what SOCKS needs:\n  pip install 'requests[socks]'"
_TLS_HINT = "If the cluster speaks TLS, write --endpoint with https://."


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
    the endpoint's name in messages, `verify` whether certificates are checked unless the
    environment says otherwise. Raises `ProviderError` FP320 for what is no endpoint, and those
    of `who_asks` and `tls_settings`.
    """
    environ = os.environ if environ is None else environ
    place = parse_endpoint(endpoint)
    return Connection(
        place,
        who=who_asks(place, environ),
        tls=Tls() if place.mounted else tls_settings(environ, verify=verify),
        mounts=dict(mounts or {}),
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
        who: Authorization | None,
        tls: Tls,
        mounts: Mapping[str, Callable[[], BaseAdapter]],
        timeout: float,
        redact: Iterable[str],
        shown: str,
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self.endpoint = shown
        self.timeout = timeout
        self.requests: Counter[str] = Counter()
        self.batches = Batches()
        self.sleep = sleep
        self.jitter = jitter
        self._place = place
        self._mounts = mounts
        self._who = who
        self._tls = tls
        self._local = threading.local()
        self._guard = threading.Lock()
        self._sessions: list[Session] = []
        self._proxies: dict[str, str] | None = None
        self._secrets: frozenset[str] = frozenset()
        self.hide([*redact, *(who.secrets() if who else ()), place.password or ""])

    @property
    def request_count(self) -> int:
        """Requests sent so far, retries included."""
        return self.requests.total()

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What has to be said each time such a connection is used."""
        unchecked = self._place.encrypted and self._tls.verify is False
        return (not_checked(self.endpoint),) if unchecked else ()

    def hide(self, secrets: Iterable[str]) -> None:
        """Keep these clear texts out of every message, also in the form JSON and HTML give them."""
        plain = {text for text in secrets if text}
        forms = plain | {json.dumps(text)[1:-1] for text in plain}
        if any(_MARKUP.search(text) for text in plain):
            from html import escape  # on use: it comes with the names of two thousand characters

            forms |= {escape(text) for text in plain}
        with self._guard:
            self._secrets |= forms

    def redact(self, text: str) -> str:
        """`text` without any secret. A very short one is replaced only where it stands alone."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) >= _SHORT:
                text = text.replace(secret, MASK)
            else:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
        return _SIGNATURE.sub(rf"\g<1>{MASK}", text)

    def operation(
        self,
        intent_id: str | None = None,
        timeout: float = 60.0,
        on_progress: Callable[[str], None] | None = None,
        on_note: Callable[[str], None] | None = None,
        before: Callable[[], None] | None = None,
        patience: float | None = None,
    ) -> Operation:
        """The way to the cluster for one operation; `timeout` in seconds bounds all of it.

        `before` is called before everything that is sent, retries included, and may raise.
        `patience` is how many seconds one request may take, where that is not the connection's.
        """
        return Operation(self, intent_id, timeout, on_progress, on_note, before, patience)

    def close(self) -> None:
        """Close every thread's session."""
        with self._guard:
            sessions, self._sessions = self._sessions, []
            self._local = threading.local()
        for session in sessions:
            session.close()

    def send(self, request: Request, timeout: float) -> Answer:
        """Send once, waiting `timeout` seconds for an answer. Raises `NotAnswered`."""
        session = self._session()
        content = None
        if request.body is not None:
            content = json.dumps(request.body, allow_nan=False).encode()
        with self._guard:
            self.requests[f"{request.method} {_template(request.path)}"] += 1
        try:
            answer = session.send(
                self._prepared(session, request, content),
                timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
                allow_redirects=False,
            )
        except OSError as error:  # all of requests' own, and files that are gone by now
            raise _not_answered(error) from error
        heads = answer.headers
        return Answer.of(
            answer.status_code,
            answer.content,
            location=heads.get("Location", ""),
            retry_after=heads.get("Retry-After", ""),
        )

    def _prepared(
        self, session: Session, request: Request, content: bytes | None
    ) -> PreparedRequest:
        """What is sent. `Session.request` would merge six settings that are always the session's.

        That took a fifth of the time that a request takes of ours.
        """
        from requests import PreparedRequest
        from requests.structures import CaseInsensitiveDict

        headers = CaseInsensitiveDict({**session.headers, **request.headers})
        if content:
            headers["Content-Type"] = "application/json"
        prepared = PreparedRequest()
        prepared.prepare(
            method=request.method,
            url=self._place.base + request.path + _query(request.params),
            headers=headers,
            data=content,
            auth=session.auth,
            cookies=session.cookies,
        )
        return prepared

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

        if self._proxies is None:
            self._proxies = self._environ_proxies()
        session = requests.Session()
        # Otherwise a .netrc replaces our Authorization, and each call reads the environment anew.
        session.trust_env = False
        session.verify = self._tls.verify
        session.cert = self._tls.certificate
        session.proxies = dict(self._proxies)
        session.headers["User-Agent"] = f"flowplan/{__version__}"
        session.headers["Accept"] = "application/json"
        session.auth = self._authorise if self._who else None
        if self._tls.verify is False:
            # We say it once a command, and better, than urllib3 for each request.
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        for prefix, adapter in self._mounts.items():
            session.mount(prefix, adapter())
        return session

    def _authorise(self, request: PreparedRequest) -> PreparedRequest:
        """Add what says who asks. Called by requests last, when all else is as it will be sent."""
        if self._who is None:
            return request
        content = request.body or b""
        headers = self._who.headers(
            request.method or "",
            request.url or "",
            request.headers,
            content.encode() if isinstance(content, str) else content,
        )
        if not self._who.secrets() <= self._secrets:
            self.hide(self._who.secrets())
        request.headers.update(headers)
        return request

    def _environ_proxies(self) -> dict[str, str]:
        """The proxies for this endpoint; their passwords become secrets."""
        import requests

        if self._place.mounted:
            return {}
        found = dict(requests.utils.get_environ_proxies(self._place.base))
        for proxy in found.values():
            user, _, password = proxy.rpartition("@")[0].rpartition("//")[2].partition(":")
            if password:
                plain = unquote(password)
                sent = base64.b64encode(f"{unquote(user)}:{plain}".encode()).decode()
                self.hide([password, plain, sent])
        return found


def _query(params: Mapping[str, str] | None) -> str:
    """With %20 for a space: a `+` means two things to those who check signatures."""
    return f"?{urlencode(params, quote_via=quote)}" if params else ""


def _template(path: str) -> str:
    """`/_plugins/_ml/models/{id}/_deploy`: the path with an id's place marked."""
    found = _WITH_ID.fullmatch(path)
    if found is None or _VERB.fullmatch(found[2]):
        return path
    return f"{found[1]}{{id}}{found[3] or ''}"


def _not_answered(error: OSError) -> NotAnswered:
    import requests
    from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

    failures = requests.exceptions
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else None
    if isinstance(error, failures.SSLError):
        return tls_failure(error)
    if isinstance(error, failures.ProxyError):
        return _proxy_failure(reason)
    if isinstance(reason, NameResolutionError):
        return NotAnswered("its host name can't be resolved", sent=False)
    if isinstance(reason, NewConnectionError):
        refused = "refused" in str(reason).lower()
        why = "it refused the connection" if refused else "it can't be reached"
        return NotAnswered(why, sent=False)
    if isinstance(error, failures.ConnectTimeout):
        return NotAnswered("it didn't accept a connection in time", sent=False)
    if isinstance(error, failures.Timeout):
        return NotAnswered("it didn't answer in time", sent=True)
    if isinstance(error, failures.InvalidProxyURL):
        return _before_sending("the proxy's address can't be used", _PROXY_HINT)
    if isinstance(error, failures.InvalidSchema) and "SOCKS" in str(error):
        return _before_sending("its proxy speaks SOCKS", _SOCKS_HINT)
    if isinstance(error, (failures.InvalidURL, failures.InvalidSchema)):
        return _before_sending("its address can't be used", "Correct --endpoint.")
    # A file of certificates that is gone by now, or anything else: what is not known to be unsent
    # counts as sent.
    plain = (getattr(getattr(error, "request", None), "url", "") or "").startswith("http://")
    return NotAnswered(
        "the connection broke before the answer was complete",
        sent=True,
        hint=_TLS_HINT if plain else "",
    )


def _proxy_failure(reason: object) -> NotAnswered:
    """Nothing went through a proxy that could not be used. `reason` is urllib3's."""
    cause = getattr(reason, "original_error", None)
    said = str(cause or reason)
    tunnel = _TUNNEL.search(said)
    if tunnel:
        return _before_sending(f"the proxy opens no way to it: {tunnel[1].strip()}", _PROXY_HINT)
    refused = "refused" in said.lower()
    why = "the proxy refused the connection" if refused else "the proxy can't be reached"
    return NotAnswered(why, sent=False, hint=_PROXY_HINT)


def _before_sending(why: str, hint: str) -> NotAnswered:
    return NotAnswered(why, sent=False, final=True, hint=hint)
