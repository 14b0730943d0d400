"""What an HTTP answer means: whether a request took effect, and what to tell when it was refused.

Used by `flowplan.http` only. It must not know how requests are sent, and it imports no HTTP
library. A body is OpenSearch's own when it has the error shape that OpenSearch gives to every
failure of its APIs; anything else was said by something in between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from flowplan.dataclass import dataclass
from flowplan.errors import AnswerLost, Diagnostic, ProviderError, Refused
from flowplan.pattern import pattern

__all__ = [
    "Answer",
    "lost",
    "may_have_executed",
    "not_json",
    "not_understood",
    "refusal",
    "spoken",
    "was_throttled",
]

OK_FROM, REDIRECT_FROM, ERROR_FROM, SERVER_ERROR_FROM = 200, 300, 400, 500
WRONG_METHOD, PROXY_ASKS, TIMED_OUT, THROTTLED = 405, 407, 408, 429
GATEWAY = frozenset({502, 503, 504})
_SHOWN = 300
# What a 500 is called that finds fault with the request itself, before anything was written.
# Any other 500 may come from the middle of the several writes that a registration is.
_FAULT_OF_THE_REQUEST = frozenset(
    {
        "class_cast_exception",
        "i_o_exception",
        "illegal_argument_exception",
        "json_parse_exception",
        "m_l_resource_not_found_exception",
        "m_l_validation_exception",
        "null_pointer_exception",
        "parsing_exception",
        "x_content_parse_exception",
    }
)

_CODES = {
    400: "FP310",
    401: "FP311",
    403: "FP312",
    404: "FP313",
    PROXY_ASKS: "FP392",
    409: "FP314",
    429: "FP315",
}
_HINTS = {
    "FP310": "Correct the node's inputs, then run the command again.",
    "FP311": "Set FLOWPLAN_USERNAME and FLOWPLAN_PASSWORD to an account of this cluster, or give "
    "another kind of credentials.",
    "FP312": "Give the account the permission that the answer names, or use another account.",
    "FP313": "It may have been deleted outside flowplan. See what is there now: flowplan plan",
    "FP314": "See what is there now: flowplan plan",
    "FP315": "The cluster is overloaded. Run the command again later, or with --parallelism 2.",
    "FP316": "The cause is in the cluster's own log. Run the command again once it is solved.",
    "FP317": "Install the plugin that has this API on the cluster, or use another endpoint.",
    "FP318": "Set --endpoint to the address that the cluster itself answers at.",
    "FP319": "",
    "FP392": "Put user and password into the proxy's address: HTTPS_PROXY=http://user:password@proxy:3128",
}
_NOUNS = {
    "connectors": "the connector",
    "models": "the model",
    "model_groups": "the model group",
    "agents": "the agent",
    "tasks": "the task",
}
_TITLE = pattern(r"<title>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came in. `body` is the decoded JSON; `decoded` says whether it was JSON."""

    status: int
    body: Any
    decoded: bool
    text: str = ""
    location: str = ""
    retry_after: str = ""

    @classmethod
    def of(
        cls, status: int, content: bytes, *, location: str = "", retry_after: str = ""
    ) -> Answer:
        """Decode `content`; an empty body is None."""
        if not content.strip():
            return cls(status, None, True, "", location, retry_after)
        try:
            return cls(status, json.loads(content), True, "", location, retry_after)
        except (ValueError, RecursionError):
            text = content[:20_000].decode("utf-8", "replace")
            return cls(status, None, False, text, location, retry_after)

    @property
    def native(self) -> bool:
        """Whether the body has the shape of OpenSearch's own errors."""
        body = self.body
        return (
            isinstance(body, dict)
            and isinstance(body.get("error"), dict)
            and isinstance(body["error"].get("type"), str)
            and isinstance(body.get("status"), int)
        )

    @property
    def explained(self) -> bool:
        """Whether the body gives its reason in an `error` field; else all of it is the reason."""
        return isinstance(self.body, dict) and isinstance(self.body.get("error"), (str, dict))

    @property
    def reason(self) -> str:
        """The cluster's own words, as they are; a page is represented by its title.

        Of any length, and with whatever secret was echoed: `spoken` makes it fit to be shown.
        """
        if not self.decoded:
            title = _TITLE.search(self.text)
            return " ".join((title[1] if title else self.text).split())
        error = self.body.get("error") if isinstance(self.body, dict) else None
        if isinstance(error, str):
            return error
        if isinstance(error, dict):
            causes = error.get("root_cause")
            first = causes[0] if isinstance(causes, list) and causes else {}
            inner = first.get("reason") if isinstance(first, dict) else None
            words = error.get("reason") or inner or error.get("type") or ""
            return str(words)
        return "" if self.body is None else json.dumps(self.body, ensure_ascii=False)


def spoken(answer: Answer, redact: Callable[[str], str]) -> str:
    """`answer.reason` to be shown. Cut only once it is redacted: half a secret is not found."""
    said = redact(answer.reason)
    return said if answer.explained else said[:_SHOWN]


def was_throttled(answer: Answer) -> bool:
    """Whether OpenSearch itself turned the request away unexecuted: a 429 in its own words."""
    remote = answer.reason.startswith("Error from remote service")
    return answer.status == THROTTLED and answer.native and not remote


def may_have_executed(answer: Answer) -> bool:
    """Whether a create with this answer may have taken effect all the same.

    OpenSearch says 503 also when it stopped waiting for a change that goes on
    (`process_cluster_event_timeout_exception`), and 500 also for a write that failed after
    others; a gateway's 5xx and 429 say nothing at all; and a success that is no JSON carries
    no id.
    """
    if answer.status in GATEWAY:
        return True
    if answer.status in {TIMED_OUT, THROTTLED}:
        return not answer.native
    if answer.status >= SERVER_ERROR_FROM:
        return not (answer.native and answer.body["error"]["type"] in _FAULT_OF_THE_REQUEST)
    return answer.status < REDIRECT_FROM and not answer.decoded


def _code(answer: Answer) -> str:
    if answer.status < ERROR_FROM:
        return "FP318"
    if answer.reason.startswith("no handler found for uri") or answer.status == WRONG_METHOD:
        return "FP317"
    if answer.status >= SERVER_ERROR_FROM:
        return "FP316"
    return _CODES.get(answer.status, "FP319")


def _what(method: str, path: str) -> str:
    if not path.startswith("/_plugins/_ml/") or path.endswith("/_search"):
        return f"{method} {path}"
    _, _, _, collection, *rest = path.split("/")
    noun = _NOUNS.get(collection, path)
    last = rest[-1] if rest else ""
    by_path = {"_deploy": "to deploy ", "_undeploy": "to undeploy "}
    by_method = {"DELETE": "to delete ", "PUT": "to change "}
    return by_path.get(last, by_method.get(method, "")) + noun


def refusal(method: str, path: str, answer: Answer, redact: Callable[[str], str]) -> Refused:
    """The error for an answer that says no; `redact` takes secrets out of a text."""
    code = _code(answer)
    reason = detail = spoken(answer, redact)
    if code == "FP318":
        target = redact(answer.location) or "elsewhere"
        detail = f"It redirects to {target}; redirects are not followed, since they lose writes."
    elif not detail:
        detail = "The answer gives no reason."
    who = "the proxy" if code == "FP392" else "the cluster"
    summary = f"{who} refused {_what(method, path)} ({answer.status})"
    diagnostic = Diagnostic("error", code, summary, detail, hint=_HINTS[code])
    return Refused(diagnostic, status=answer.status, reason=reason)


def not_json(method: str, path: str, answer: Answer, redact: Callable[[str], str]) -> ProviderError:
    """The error for a success that is no JSON: something other than OpenSearch answers."""
    return not_understood(
        f"{method} {path}",
        f"{answer.status} without JSON: {spoken(answer, redact) or 'nothing'}",
    )


def not_understood(what: str, why: str) -> ProviderError:
    """The error for an answer of another form than OpenSearch's API gives."""
    return ProviderError(
        Diagnostic(
            "error",
            "FP324",
            f"the answer to {what} is not OpenSearch's",
            why,
            hint="Check --endpoint: a proxy or another service may answer there.",
        )
    )


def lost(method: str, path: str, why: str) -> AnswerLost:
    """The error for a request that was sent and whose effect nobody knows."""
    return AnswerLost(
        Diagnostic(
            "error",
            "FP323",
            f"no answer to {method} {path}",
            f"{why}. The request was sent and may have taken effect.",
            hint="Run the command again: it first looks for what the request may have made.",
        )
    )
