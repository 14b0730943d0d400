"""What `replace_triggered_by` names: nodes, or inputs of nodes. Pure, on ids only."""

from __future__ import annotations

from collections.abc import Collection

from flowplan.planner.template.paths import input_path
from flowplan.planner.values import Path

__all__ = ["triggers"]


def triggers(text: str, ids: Collection[str], owner: str = "") -> list[tuple[str, Path]]:
    """The nodes that `text` names, each with the path of the input that counts, () for any.

    A node id is taken as it is, the longest one first, since ids may have dots. The bare name
    of a `for_each` means all that it makes; `name[each.key]` the one with the key of `owner`.
    """
    at = owner.find('["')
    text = text.replace("[each.key]", owner[at:]) if at > 0 else text
    if text in ids:
        return [(text, ())]
    for end in range(len(text) - 1, 0, -1):
        if text[end] == "." and text[:end] in ids:
            path = input_path(text[end + 1 :])
            return [] if path is None else [(text[:end], path)]
    name, _, rest = text.partition(".")
    several = [item for item in ids if item.startswith(f'{name}["')]
    path = input_path(rest) if rest else ()
    return [] if path is None else [(item, path) for item in several]
