"""What differs between two inputs trees, leaf by leaf, and what each difference needs.

Digests first, then a type-strict recursion (`1`, `1.0` and `True` differ); deepdiff only for
lists of unequal length, since one call costs 1–2 ms. This module must not know clusters,
states or how a change is carried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowplan.dataclass import dataclass
from flowplan.planner.plan import FieldChange
from flowplan.planner.values import (
    Json,
    Path,
    Sensitive,
    Unknown,
    Value,
    canonical,
    has_unknown,
    is_plain,
    is_sealed,
    is_sensitive,
    leaves,
    masked,
    not_given,
    seal,
    seal_at,
    unknowns,
)
from flowplan.protocol import InputSpec, StepSchema, StepType

__all__ = [
    "ABSENT",
    "Difference",
    "compare",
    "field_change",
    "needs_replace",
    "same",
    "value_at",
    "verdict",
]


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


_EXACT = frozenset({str, int, bool, type(None)})
"""Types whose equal values have one serialisation: not so floats, of which 0.0 equals -0.0."""
ABSENT = _Absent()
"""Stands for "no value here", which is not the same as null."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two values at one path; either may be `ABSENT`, `after` may be unknown."""

    path: Path
    before: Value
    after: Value


def same(before: Json, after: Value, salt: str, path: Path = ()) -> bool:
    """Whether the recorded value equals the wanted one, type-strictly.

    A digest on one side is compared with the digest of the other, so a value that became
    sensitive, or no longer is, has not changed by that. Without the salt nothing can be said of
    a digest: it counts as equal, and the plan warns of it. A secret that was not given counts as
    equal to whatever is recorded.
    """
    if type(before) in _EXACT and type(before) is type(after):
        return bool(before == after)
    if not_given(after):
        return True
    if not salt and is_sealed(before):
        return not has_unknown(after)
    if is_sealed(before) and not isinstance(after, (Unknown, Mapping, list)):
        plain = after.value if isinstance(after, Sensitive) else after
        return bool(before == seal_at(plain, frozenset({()}), salt, path))
    if isinstance(after, Sensitive):
        return canonical(before) == canonical(after.value)
    if has_unknown(after):
        return False
    return type(before) is type(after) and canonical(before) == canonical(seal(after, salt))


def compare(
    before: Mapping[str, Json], after: Mapping[str, Value], salt: str
) -> Iterator[Difference]:
    """Every leaf that differs, in the order of `after`, then what only `before` has.

    `before` is sealed, as the state keeps it; `after` may hold marks.
    """
    yield from _objects((), before, after, salt)


def _objects(
    path: Path, before: Mapping[str, Json], after: Mapping[str, Value], salt: str
) -> Iterator[Difference]:
    for key, wanted in after.items():
        if key in before:
            yield from _values((*path, key), before[key], wanted, salt)
        else:
            yield from _added((*path, key), wanted)
    for key, recorded in before.items():
        if key not in after:
            # Taken away as one: what that needs is a property of the input, or of its key.
            yield Difference((*path, key), recorded, ABSENT)


def _values(path: Path, before: Json, after: Value, salt: str) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, Mapping) and not is_sealed(before):
        yield from _objects(path, before, after, salt)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(path, before, after, salt)
    elif not same(before, after, salt, path):
        yield Difference(path, before, after)


def _lists(path: Path, before: list[Json], after: list[Value], salt: str) -> Iterator[Difference]:
    if len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _values((*path, index), old, new, salt)
        return
    if not after:
        # An emptied list is one difference: some servers can't take the last item away.
        yield Difference(path, before, after)
        return
    found = _paired(path, before, after)
    if found is None:
        yield from _by_place(path, before, after, salt)
    else:
        yield from found or [Difference(path, before, after)]


def _paired(path: Path, before: list[Json], after: list[Value]) -> list[Difference] | None:
    """Items that came, went or changed, as deepdiff pairs them; None where two are at one path.

    What came or changed is where it is now, what went where it was.
    """
    from deepdiff import DeepDiff  # 114 ms: only for a list that grew or shrank

    # Each item is digested under its own index, so a moved secret would seem to be another:
    # both sides are compared as they are shown, and the rest is left to `Difference`.
    shown = masked(_told_apart(after))
    diff = DeepDiff(masked(before), shown, view="tree", ignore_numeric_type_changes=False)
    found: dict[Path, Difference] = {}
    for kind, items in diff.items():
        for item in items:
            then = tuple(item.path(output_format="list"))
            now = tuple(item.path(output_format="list", use_t2=True))
            old = ABSENT if kind.endswith("_added") else value_at(before, then)
            new = ABSENT if kind.endswith("_removed") else value_at(after, now)
            where = (*path, *(then if new is ABSENT else now))
            parts = [Difference(where, old, new)]
            if old is ABSENT and has_unknown(new):
                parts = list(_added(where, new))
            if any(part.path in found for part in parts):
                return None
            found.update((part.path, part) for part in parts)
    return [found[key] for key in sorted(found, key=_in_lists)]


def _by_place(
    path: Path, before: list[Json], after: list[Value], salt: str
) -> Iterator[Difference]:
    """The items one by one: what stood at each place, and what stands there now."""
    for index in range(max(len(before), len(after))):
        place = (*path, index)
        if index >= len(after):
            yield Difference(place, before[index], ABSENT)
        elif index >= len(before):
            yield from _added(place, after[index])
        else:
            yield from _values(place, before[index], after[index], salt)


def _told_apart(value: Value) -> Value:
    """`value` with a text that stands nowhere else for each value that a node will give."""
    if isinstance(value, Unknown) and value.node:
        return f"\0{value.node}\0{value.output}"
    if isinstance(value, Mapping):
        return {key: _told_apart(item) for key, item in value.items()}
    return [_told_apart(item) for item in value] if isinstance(value, list) else value


def _in_lists(path: Path) -> list[tuple[int, str]]:
    """Sorts paths: items of a list by their number, keys by their name."""
    return [(key, "") if isinstance(key, int) else (-1, key) for key in path]


def value_at(tree: Value, path: Sequence[str | int]) -> Value:
    """What stands at `path`, `ABSENT` where nothing does."""
    for key in path:
        inside = isinstance(tree, list) and isinstance(key, int) and key < len(tree)
        if not inside and not (isinstance(tree, Mapping) and key in tree):
            return ABSENT
        tree = tree[key]
    return tree


def _added(path: Path, after: Value) -> Iterator[Difference]:
    for tail, leaf in leaves(after):
        yield Difference((*path, *tail), ABSENT, leaf)


def needs_replace(schema: StepSchema, difference: Difference) -> bool | None:
    """Whether this difference needs a replacement; None when the API can't do it at all.

    None is the `keep` of `InputSpec`: an optional text that can't be cleared.
    """
    spec = schema.inputs.get(str(difference.path[0]), InputSpec())
    if difference.after is not ABSENT:
        return spec.set == "replace"
    # Below a merged object's keys, and in anything the server replaces whole, a missing part
    # only makes another value; the key or the input itself is what the server can't forget.
    whole_input = len(difference.path) == 1
    merged_key = spec.merge and len(difference.path) == 2  # noqa: PLR2004
    if not (whole_input or merged_key):
        return spec.set == "replace"
    if spec.remove == "keep":
        return None
    return spec.remove == "replace"


def verdict(step: StepType, difference: Difference, recorded: Mapping[str, Json]) -> bool | None:
    """`needs_replace`, unless the step type knows more than its schema can say."""
    removed = difference.after is ABSENT
    before = None if difference.before is ABSENT else difference.before
    after = None if removed else difference.after
    judged = step.judge_within(recorded, difference.path, before, after, removed=removed)
    if judged is None:
        return needs_replace(step.schema, difference)
    return None if judged == "keep" else judged == "replace"


def field_change(difference: Difference, *, forces_replace: bool) -> FieldChange:
    """The difference as people and scripts may see it."""
    before, after = difference.before, difference.after
    if (before is ABSENT or is_plain(before)) and (after is ABSENT or is_plain(after)):
        # As most: nothing in it is secret, or waits for anything.
        return FieldChange(
            path=difference.path,
            before=None if before is ABSENT else before,
            after=None if after is ABSENT else after,
            forces_replace=forces_replace,
            added=before is ABSENT,
            removed=after is ABSENT,
        )
    sensitive = is_sensitive(before) or is_sensitive(after)
    waiting = list(unknowns(after)) if after is not ABSENT else []
    # A node that it waits for says more than a secret that was not given.
    pending = next((item for item in waiting if item.node), waiting[0] if waiting else None)
    return FieldChange(
        path=difference.path,
        before=_shown(before, sensitive=sensitive),
        after=None if pending else _shown(after, sensitive=sensitive),
        sensitive=sensitive,
        known=pending is None,
        forces_replace=forces_replace,
        origin=(pending.node or None) if pending else None,
        added=before is ABSENT,
        removed=after is ABSENT,
    )


def _shown(value: Value, *, sensitive: bool) -> Json:
    if value is ABSENT:
        return None
    return "(sensitive)" if sensitive and not isinstance(value, (Mapping, list)) else masked(value)
