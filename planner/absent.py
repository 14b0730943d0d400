"""Secrets that a plan is made without, since a pipeline of a fork does not get them.

Such a param stands for whatever is recorded of it: where the state has a digest of what it flows
into, that counts as unchanged, and elsewhere its value is not given. Must not know where
params come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, PlanError
from flowplan.planner.expressions import references
from flowplan.planner.params import Params
from flowplan.planner.values import Json, Sensitive, Unknown, Value, not_given, withheld

if TYPE_CHECKING:  # For types only: what just checks a template never loads it.
    from flowplan.planner.plan import Plan

__all__ = [
    "absent_names",
    "missing_params",
    "refuse_without_secrets",
    "tell_of_absent",
    "with_open",
    "without_secrets",
]


def without_secrets(params: Params, secrets: frozenset[str]) -> Params:
    """The params, those of `secrets` that have no value, or an empty one, as not given.

    A pipeline gives an empty text for a secret that it may not use.
    """
    absent = {
        name
        for name in secrets
        if name in params.missing or _is_empty(params.values.get(name), params.sources.get(name))
    }
    return replace(
        params,
        values={**params.values, **{name: withheld(name) for name in absent}},
        missing=tuple(name for name in params.missing if name not in absent),
        warnings=tuple(item for item in params.warnings if not _tells_of(item, absent)),
    )


def with_open(params: Params, secrets: frozenset[str]) -> Params:
    """The params, those without a value as not given, for who writes their names and not them.

    A name with a dot in it that nobody gave may be a mistyped output, and stays missing.
    """
    left = [name for name in params.missing if "." not in name]
    values = {name: Unknown("", name, sensitive=name in secrets) for name in left}
    return replace(
        params,
        values={**params.values, **values},
        missing=tuple(name for name in params.missing if name not in values),
    )


def missing_params(value: Json, params: Mapping[str, Value]) -> Iterator[str]:
    """The params not given that expressions in `value` name, as they are or by a member."""
    for used in references(value):
        for length in range(1, len(used.name) + 1):
            name = ".".join(used.name[:length])
            if not_given(params.get(name)):
                yield name


def _is_empty(value: Value, source: str | None) -> bool:
    plain = value.value if isinstance(value, Sensitive) else value
    return plain == "" and source != "default"


def _tells_of(item: Diagnostic, absent: set[str]) -> bool:
    """Whether this is the warning of an empty secret, which is told otherwise here."""
    return item.code == "FP167" and any(f"param {name} from" in item.summary for name in absent)


def absent_names(params: Mapping[str, Value]) -> tuple[str, ...]:
    """The params that were not given."""
    return tuple(sorted(name for name, value in params.items() if not_given(value)))


def tell_of_absent(names: tuple[str, ...]) -> Iterator[Diagnostic]:
    """The warning of a plan that was made without them."""
    if names:
        yield Diagnostic(
            "warning", "FP645", f"made without the secret{'s' if len(names) > 1 else ''} "
            f"{', '.join(names)}",
            "What they flow into is taken as unchanged where it is recorded: whether they changed "
            "can't be seen. This plan can be read, not carried out.",
        )  # fmt: skip


def refuse_without_secrets(plan: Plan) -> None:
    """Refuse to carry out a plan that was made without its secrets. Raises `PlanError` FP646."""
    if plan.not_given:
        names = ", ".join(plan.not_given)
        raise PlanError.of(
            "FP646",
            f"the saved plan was made without the secrets {names}",
            "What they flow into was taken as unchanged, so it may not be what is wanted.",
            hint=f"Make one where {names} can be had: flowplan plan --out FILE",
        )
