"""Reads `for_each` and `when` under a node's `flowplan` key: how many of a node there are.

Both are settled once the params are known (`planner.expand`); here only what can be said without
them is checked. It must not know step types or values.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from flowplan import lazy_json as json
from flowplan.planner.expressions import ExpressionError, contains, scan
from flowplan.planner.template.fields import Fields, wrong_type
from flowplan.planner.template.model import ALWAYS, Presence
from flowplan.planner.values import Json, Path

__all__ = ["PRESENCE_KEYS", "flaw_of_key", "key_of", "read_presence"]

PRESENCE_KEYS: Final = ("for_each", "when")
_LONGEST = 100


def read_presence(fields: Fields) -> Presence:
    """The settings in a node's `flowplan`; what can't be read is reported and left out."""
    given = fields.value
    if not any(key in given for key in PRESENCE_KEYS):
        return ALWAYS
    several = "for_each" in given and _is_several(fields)
    when = given.get("when", True)
    if not isinstance(when, bool) and not _is_expression(when):
        fields.report.error(
            "FP194",
            "`when` must be true, false or a condition",
            (*fields.path, "when"),
            node=fields.node,
            detail="A condition is one expression over params and nothing else.",
            hint='write it as ${{ env == "prod" }}',
        )
        when = True
    return Presence(several, given["for_each"] if several else None, when)


def _is_several(fields: Fields) -> bool:
    value, path = fields.value["for_each"], (*fields.path, "for_each")
    if isinstance(value, (dict, list)):
        keys = value if isinstance(value, dict) else [
            item for item in value if not (isinstance(item, str) and contains(item))
        ]  # fmt: skip
        _check_keys(keys, isinstance(value, dict), path, fields)
        return True
    if not _is_expression(value):
        wrong_type(
            fields.report, "`for_each`", "a list, a map or an expression that gives one", value,
            path, fields.node,
        )  # fmt: skip
        return False
    return True


def _is_expression(value: Json) -> bool:
    """Whether this is a text with an expression and nothing around it; one with mistakes counts."""
    if not isinstance(value, str) or not contains(value):
        return False
    try:
        return len(scan(value)) == 1
    except ExpressionError:
        return True


def _check_keys(keys: Collection[Json], named: bool, path: Path, fields: Fields) -> None:
    seen: set[str] = set()
    for index, item in enumerate(keys):
        at = (*path, item if named else index)
        problem = flaw_of_key(item)
        text = key_of(item)
        if problem:
            fields.report.error(
                "FP186", f"this key {problem}", at, key=named, node=fields.node,
                detail="A key is a part of the node's id, as in group[\"eu\"].",
                hint="use a short text, or a number",
            )  # fmt: skip
        elif text in seen:
            fields.report.error(
                "FP187", f'`for_each` has the key "{text}" twice', at, node=fields.node,
                detail="Each key makes one node, which is called by it.", hint="remove one of them",
            )  # fmt: skip
        seen.add(text)


def key_of(item: Json) -> str:
    """The key that an item of a list stands for: a text as it is, a number as JSON has it."""
    return item if isinstance(item, str) else json.dumps(item)


def flaw_of_key(item: Json) -> str:
    """What keeps an item from being a key, as the end of a sentence; "" if nothing does."""
    if isinstance(item, bool) or not isinstance(item, (str, int, float)):
        return "is neither a text nor a number"
    text = key_of(item)
    if not text.strip() or text != text.strip():
        return "is empty, or has white space at an end"
    if len(text) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    if not text.isprintable():
        return "has line ends or control characters"
    if '"' in text or "\\" in text:
        return "has a quote or a backslash"
    return "has an expression in it" if contains(text) else ""
