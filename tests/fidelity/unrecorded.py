"""Calls that the recorded node got between two recorded ones, put back where they must have been.

Each follows from what the node answers afterwards. They are sent and not counted; the report lists
them, and says how many answers rest on them. It must not know the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ML = "/_plugins/_ml"


@dataclass(frozen=True, slots=True)
class Sent:
    """One call; `learned` is the recorded id that the answer has under a key."""

    method: str
    path: str
    body: Any = None
    learned: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Calls before the recorded one with the key `before`, and how one knows of them."""

    before: str
    why: str
    calls: tuple[Sent, ...]


_TRUSTED = "plugins.ml_commons.trusted_connector_endpoints_regex"

_KEPT = "eVYx-6EBnYS6Qzcmk1lW"  # a connector that lives from 04 to 11
_CHANGED = {
    "name": "renamed connector",
    "description": "updated",
    "version": "1",
    "protocol": "http",
    "parameters": {"endpoint": "127.0.0.1:9999", "model": "gpt-4o"},
    "credential": {"openAI_key": "x"},
    "actions": [
        {
            "action_type": "predict",
            "method": "POST",
            "url": "http://${parameters.endpoint}/v1/chat/completions",
            "headers": {"Authorization": "Bearer ${credential.openAI_key}"},
            "request_body": '{ "model": "${parameters.model}", '
            '"messages": ${parameters.messages} }',
        }
    ],
}


def _registered(count: int) -> tuple[Sent, ...]:
    """Models that a workflow made and that are gone again; their group remembers how many."""
    model = {"name": "openAI-gpt-3.5-turbo", "function_name": "remote", "connector_id": _KEPT}
    made = Sent("POST", f"{ML}/models/_register", model, ("gone-for-good", "model_id"))
    return (made, Sent("DELETE", f"{ML}/models/gone-for-good")) * count


def _deleted(kind: str, *ids: str) -> tuple[Sent, ...]:
    return tuple(Sent("DELETE", f"{ML}/{kind}/{one}") for one in ids)


_BROKEN = "qFY0-6EBnYS6QzcmEFnx"
_GROUP = "r1Y0-6EBnYS6QzcmF1lp"
_FAILING = f"{ML}/models/01Y0-6EBnYS6Qzcmc1mG"
_LEFT = f"{ML}/models/jFYy-6EBnYS6QzcmhVkx"

_ALL = (
    Unrecorded(
        "02:0",
        "the node's own settings trust its loopback address",
        (
            Sent(
                "PUT",
                "/_cluster/settings",
                {"persistent": {_TRUSTED: [r"^http://127\.0\.0\.1:[0-9]+/.*$"]}},
            ),
        ),
    ),
    Unrecorded(
        "04:48",
        "what this workflow made is in no list of 05 and 06",
        (
            Sent("POST", f"{_LEFT}/_undeploy"),
            Sent("DELETE", _LEFT),
            *_deleted("connectors", "ilYy-6EBnYS6Qzcmg1lw"),
        ),
    ),
    Unrecorded(
        "05:0",
        "05:21 counts an earlier deletion of an id; a connector broken in an earlier round is in "
        "the lists of 05; 06:67 has a model deployed that was deploying when it was looked at last",
        (
            *_deleted("connectors", "nope"),
            Sent("POST", f"{ML}/connectors/_create", _CHANGED, (_BROKEN, "connector_id")),
            *(Sent("PUT", f"{ML}/connectors/{_BROKEN}", {"version": "2"}),) * 3,
            Sent("PUT", f"{ML}/connectors/{_BROKEN}", {"protocol": "aws_sigv4"}),
            Sent("POST", f"{ML}/models/e1Yx-6EBnYS6QzcmlFln/_deploy"),
        ),
    ),
    Unrecorded(
        "05:42",
        "what the tries of 05 made is in no list",
        _deleted(
            "connectors",
            "s1Y0-6EBnYS6QzcmRFmW",
            "tFY0-6EBnYS6QzcmRlkJ",
            "tVY0-6EBnYS6QzcmRlmr",
            "tlY0-6EBnYS6QzcmR1nx",
            "t1Y0-6EBnYS6QzcmSFnh",
        ),
    ),
    Unrecorded(
        "06:0",
        "a group of an earlier round is in the list of 06",
        (
            Sent(
                "POST",
                f"{ML}/model_groups/_register",
                {"name": "group", "description": "x"},
                (_GROUP, "model_group_id"),
            ),
            Sent(
                "PUT",
                f"{ML}/model_groups/{_GROUP}",
                {"name": "group-renamed", "description": "y"},
            ),
        ),
    ),
    Unrecorded(
        "06:80",
        "06:79 names five models of a connector, 06:80 two",
        _deleted("models", "v1Y0-6EBnYS6QzcmTlm-", "wVY0-6EBnYS6QzcmT1nQ", "yFY0-6EBnYS6QzcmUlnK"),
    ),
    Unrecorded(
        "06:89",
        "a connector under a deployed model can't be changed, and this one was",
        (Sent("POST", f"{_FAILING}/_undeploy"),),
    ),
    Unrecorded(
        "06:91",
        "the call's name tells of them",
        (
            Sent("POST", f"{_FAILING}/_undeploy"),
            Sent("POST", f"{_FAILING}/_predict", {"parameters": {"messages": []}}),
        ),
    ),
    Unrecorded(
        "11:0",
        "the version of the next model counts six more of its name",
        _registered(6),
    ),
)
UNRECORDED: Mapping[str, Unrecorded] = {item.before: item for item in _ALL}
