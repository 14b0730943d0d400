"""What `ignore_changes` does to a comparison: an ignored input stays as it was last applied.

Pure. It must not know what else is decided about a node, or how anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.errors import Diagnostic
from flowplan.planner.diff import ABSENT, compare, same
from flowplan.planner.plan import FieldChange
from flowplan.planner.template import Node
from flowplan.planner.template.paths import input_path, path_text
from flowplan.planner.values import Json, Path, Value, has_unknown, is_sealed, leaves, reveal
from flowplan.protocol import StepType

__all__ = ["below", "keeping", "placed", "recorded_paths", "ruled", "unsendable", "without"]


def keeping(
    desired: Mapping[str, Value], recorded: Mapping[str, Json], paths: Sequence[Path], salt: str
) -> Mapping[str, Value]:
    """`desired` with what `recorded` has at `paths`; `desired` itself when they are as recorded.

    A wanted value that equals the recorded one stays, so that a secret is not lost to its digest.
    """
    kept: Value = desired
    for path in paths:
        whole = [(name,) for name in {**desired, **recorded}]
        for one in [path] if path else whole:
            kept = _kept(kept, recorded, one, salt, ())
    found: Mapping[str, Value] = kept
    return found


def _kept(wanted: Value, recorded: Json, path: Path, salt: str, at: Path) -> Value:
    key, rest = path[0], path[1:]
    here = (*at, key)
    if isinstance(wanted, list) and isinstance(recorded, list):
        if not isinstance(key, int) or key >= min(len(wanted), len(recorded)):
            return wanted
        items = list(wanted)
        items[key] = _one(items[key], recorded[key], rest, salt, here)
        return wanted if items[key] is wanted[key] else items
    if not isinstance(wanted, Mapping) or not isinstance(recorded, Mapping):
        return wanted
    before, after = recorded.get(key, ABSENT), wanted.get(key, ABSENT)
    value = _one(after, before, rest, salt, here)
    if value is after:
        return wanted
    if value is ABSENT:
        return {name: item for name, item in wanted.items() if name != key}
    return {**wanted, key: value}


def _one(after: Value, before: Json, rest: Path, salt: str, at: Path) -> Value:
    """The value at one key; either side may be ABSENT."""
    if not rest:
        if after is ABSENT or before is ABSENT:
            return before
        return after if same(before, after, salt, at) else before
    # What is around an ignored part comes and goes with it.
    empty = _empty(after if before is ABSENT else before)
    value = _kept(
        empty if after is ABSENT else after, empty if before is ABSENT else before, rest, salt, at
    )
    one_sided = after is ABSENT or before is ABSENT
    return ABSENT if one_sided and isinstance(value, Mapping) and not value else value


def _empty(like: Value) -> Value:
    return [] if isinstance(like, list) else {}


def without(tree: Value, path: Path) -> Value:
    """`tree` with nothing at `path`; an item of a list stays, so that the others keep places."""
    key, rest = path[0], path[1:]
    if isinstance(tree, list) and isinstance(key, int) and key < len(tree) and rest:
        items = list(tree)
        items[key] = without(items[key], rest)
        return items
    if not isinstance(tree, Mapping) or key not in tree:
        return tree
    if rest:
        return {**tree, key: without(tree[key], rest)}
    return {name: item for name, item in tree.items() if name != key}


def placed(tree: Json, path: Path, value: Json) -> Json:
    """`tree` with `value` at `path`, where something stands already."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(tree, list):
        items: list[Json] = list(tree)
        items[int(key)] = placed(items[int(key)], rest, value)
        return items
    return {**tree, key: placed(tree[key], rest, value)}


def ruled(step: StepType, inputs: Mapping[str, Value], paths: Sequence[Path]) -> tuple[Path, ...]:
    """The places that ignored inputs have in what a read shows: it may spell them otherwise."""
    if not paths:
        return ()
    known = {name: value for name, value in inputs.items() if not has_unknown(value)}
    plain = reveal(known)
    shown = step.expect(plain)
    found = dict.fromkeys(paths)
    for path in paths:
        if path:
            rest = step.expect(without(plain, path))
            for item in compare(shown, rest, ""):
                # What went with it because nothing else was around it is no more than its leaves.
                tails = [tail for tail, _ in leaves(item.before)] if item.after is ABSENT else [()]
                found.update(dict.fromkeys((*item.path, *tail) for tail in tails))
    return tuple(found)


def recorded_paths(settings: Mapping[str, Json]) -> tuple[Path, ...]:
    """The paths that the recorded settings of a node ignore."""
    ignored = settings.get("ignore_changes", ())
    if ignored == "all":
        return ((),)
    return tuple(path for text in ignored if (path := input_path(text)) is not None)


def below(path: Path, ignored: Sequence[Path]) -> bool:
    """Whether `path` is one of the ignored places, or inside one."""
    return any(path[: len(place)] == place for place in ignored)


def unsendable(
    node: Node, step: StepType, inputs: Mapping[str, Value], fields: Sequence[FieldChange]
) -> Diagnostic | None:
    """Why an update can't leave ignored secrets alone: FP243, None when it can.

    Of a secret only the digest is recorded. An input that the cluster merges key by key is sent
    without it; any other one is sent as a whole.
    """
    whole = step.schema.creates in ("act", "nothing")
    changed = {str(item.path[0]) for item in fields}
    for name, value in inputs.items():
        spec = step.schema.inputs.get(name)
        merges = spec is not None and spec.merge and not whole
        if not whole and name not in changed:
            continue
        for path, leaf in leaves(value, (name,)):
            key = path[:2]
            if is_sealed(leaf) and not (merges and not _touches(fields, key)):
                return _refusal(node, name, path)
    return None


def _touches(fields: Sequence[FieldChange], path: Path) -> bool:
    return any(item.path[: len(path)] == path for item in fields)


def _refusal(node: Node, name: str, path: Path) -> Diagnostic:
    return Diagnostic(
        "error", "FP243", f"{name} can't be sent without the secret {path_text(path)}",
        "The template's new value of it is ignored, and of the one on the cluster only a digest "
        f"is recorded, while {name} is always sent as a whole.",
        node=node.id,
        hint=f"take {path_text(path)} out of ignore_changes, or undo the other change of {name}",
    )  # fmt: skip
