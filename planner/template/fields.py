"""Reads the members of one object of a template, and reports those that don't belong.

The one place that words "unknown key", "missing" and "wrong type". It must not know which
keys there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowplan.dataclass import dataclass
from flowplan.planner.template.formats import kind_of
from flowplan.planner.template.report import Report, listed
from flowplan.planner.values import Json, Path

__all__ = ["Fields", "wrong_type"]


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of the template at `path`; `node` is the node that messages name."""

    value: Mapping[str, Json]
    path: Path
    what: str
    report: Report
    node: str | None = None

    @classmethod
    def of(
        cls,
        value: Json,
        path: Path,
        what: str,
        known: Sequence[str],
        report: Report,
        *,
        node: str | None = None,
        suggest: Sequence[str] | None = None,
    ) -> Fields | None:
        """The fields of `value`, None (and reported) when it is not an object."""
        if not isinstance(value, dict):
            wrong_type(report, what, "an object", value, path, node)
            return None
        for key in value:
            if key not in known:
                names = suggest or known
                report.error(
                    "FP102",
                    f'{what} has no key "{key}"',
                    (*path, key),
                    key=True,
                    node=node,
                    detail=f"Known are {listed(names)}.",
                    hint=report.did_you_mean(key, names, "remove it"),
                )
        return cls(value, path, what, report, node)

    def text(self, key: str, *, required: bool = False) -> str:
        """A text; "" when it is left out or wrong."""
        if key not in self.value:
            if required:
                self.missing(key)
            return ""
        value = self.value[key]
        if not isinstance(value, str):
            self._wrong(key, "a string", value)
            return ""
        if required and not value.strip():
            self.missing(key, empty=True)
        return value

    def mapping(self, key: str) -> Mapping[str, Json]:
        """An object; {} when it is left out or wrong."""
        value = self.value.get(key, {})
        if isinstance(value, dict):
            return value
        self._wrong(key, "an object", value)
        return {}

    def items(self, key: str) -> Sequence[Json]:
        """A list; () when it is left out or wrong."""
        value = self.value.get(key, ())
        if isinstance(value, (list, tuple)):
            return value
        self._wrong(key, "a list", value)
        return ()

    def flag(self, key: str) -> bool:
        """A boolean; False when it is left out or wrong."""
        value = self.value.get(key, False)
        if isinstance(value, bool):
            return value
        self._wrong(key, "true or false", value)
        return False

    def missing(self, key: str, *, empty: bool = False) -> None:
        """Report that a required key is left out, or holds nothing."""
        self.report.error(
            "FP105",
            f"`{key}` is empty" if empty else f"{self.what} needs `{key}`",
            (*self.path, key) if empty else self.path,
            node=self.node,
            hint=f"write a text for `{key}`" if empty else f"add `{key}`",
        )

    def _wrong(self, key: str, wanted: str, value: Json) -> None:
        wrong_type(self.report, f"`{key}`", wanted, value, (*self.path, key), self.node)


def wrong_type(
    report: Report, what: str, wanted: str, value: Json, path: Path, node: str | None = None
) -> None:
    """Report a value of the grammar that is of another kind than it must be."""
    hint = f"write {wanted}"
    if value is None:
        hint = f"write {wanted}, or remove the key"
    elif wanted == "a string" and isinstance(value, (int, float)):
        hint = "quote it"
    report.error(
        "FP106", f"{what} must be {wanted}, not {kind_of(value)}", path, node=node, hint=hint
    )
