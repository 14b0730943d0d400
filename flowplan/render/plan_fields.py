"""Draw the changed fields of one node: a line each, or a line diff for long strings."""

from __future__ import annotations

from collections.abc import Sequence

from flowplan.planner.plan import FieldChange, NodeChange
from flowplan.planner.values import Json
from flowplan.render.look import MADE_UP, Look
from flowplan.render.sanitise import clean
from flowplan.render.tables import hung
from flowplan.render.text_diff import changed_lines, json_lines
from flowplan.render.values import SENSITIVE, path_text, value_text

__all__ = ["change_text", "field_lines", "unknown_text"]

INDENT = " " * 8
NOT_GIVEN = "(sensitive, not given)"
_WIDEST_PATH = 28
_STYLE = {"+": "green", "-": "red"}


def field_lines(change: NodeChange, look: Look) -> list[str]:
    """All fields of a node, their values in one column."""
    paths = [path_text(field.path) for field in change.fields]
    # A longer one pushes its own value to the right, not all of them.
    column = max((len(path) for path in paths if len(path) <= _WIDEST_PATH), default=0)
    draw = {"create": _created, "delete": _deleted}.get(change.action, _changed)
    lines: list[str] = []
    for path, field in zip(paths, change.fields, strict=True):
        lines += draw(path.ljust(column), field, look)
    return lines


def _created(path: str, field: FieldChange, look: Look) -> list[str]:
    """There is no before to show."""
    if not field.known:
        return _line(path, unknown_text(field), look)
    if field.sensitive:
        return [f"{INDENT}{path}  {SENSITIVE}"]
    block = _whole(field.after, look)
    if block is not None:
        return [f"{INDENT}{path}  {block[0]}", *block[1]]
    return _line(path, _value(field, field.after, look), look)


def _line(path: str, value: str, look: Look) -> list[str]:
    """A field and its value."""
    return _long(f"{INDENT}{path}  ", value, look)


def _deleted(path: str, field: FieldChange, look: Look) -> list[str]:
    """There is no after to show."""
    shown = SENSITIVE if field.sensitive else _value(field, field.before, look)
    return _line(path, shown, look)


def _changed(path: str, field: FieldChange, look: Look) -> list[str]:
    why = look.paint("yellow", "  forces replacement") if field.forces_replace else ""
    block = _block(field, look)
    if block is not None:
        label, drawn = block
        return [f"{INDENT}{path}  {label}{why}", *drawn]
    text = change_text(field, look)
    if field.sensitive or len(f"{INDENT}{path}  {text}") <= look.width:
        return [f"{INDENT}{path}  {text}{why}"]
    # Two long values are compared more easily one above the other.
    return [
        f"{INDENT}{path.rstrip()}{why}",
        *(
            look.paint(_STYLE[sign], line)
            for sign, value in (("-", _before(field, look)), ("+", _after(field, look)))
            for line in _long(f"{INDENT}  {sign} ", value, look)
        ),
    ]


def _long(lead: str, value: str, look: Look) -> list[str]:
    """On a terminal a long value goes on below its own beginning."""
    return hung(lead, value, look.width) if look.fold else [lead + value]


def change_text(field: FieldChange, look: Look) -> str:
    """`before → after` on one line."""
    if field.sensitive:
        return _sensitive(field)
    return f"{_before(field, look)} → {_after(field, look)}"


def _before(field: FieldChange, look: Look) -> str:
    return "(not set)" if field.added else _value(field, field.before, look)


def _after(field: FieldChange, look: Look) -> str:
    if not field.known:
        return unknown_text(field)
    return "(removed)" if field.removed else _value(field, field.after, look)


def _value(field: FieldChange, value: Json, look: Look) -> str:
    """A value; of an id on a terminal the two ends, as in the node's own line."""
    named = str(field.path[-1]) if field.path else ""
    if look.short and named.endswith("_id") and isinstance(value, str) and MADE_UP.match(value):
        return look.id(value)
    return value_text(value)


def _sensitive(field: FieldChange) -> str:
    if field.removed:
        return f"{SENSITIVE} removed"
    if not field.known:
        before = "(not set)" if field.added else SENSITIVE
        return f"{before} → {unknown_text(field)}"
    return f"{SENSITIVE} {'added' if field.added else 'changed'}"


def unknown_text(field: FieldChange) -> str:
    """What is said of a value that is not there yet, and who will give it."""
    if field.origin is None and field.sensitive:
        return NOT_GIVEN
    origin = f", from {clean(field.origin)}" if field.origin else ""
    return f"(known after apply{origin})"


def _block(field: FieldChange, look: Look) -> tuple[str, list[str]] | None:
    """The label and lines of a string that is better read line by line, else None."""
    if field.sensitive or not field.known or field.removed:
        return None
    if field.added:
        return _whole(field.after, look)
    if not isinstance(field.before, str) or not isinstance(field.after, str):
        return None
    old, new = json_lines(field.before), json_lines(field.after)
    if old is not None and new is not None:
        # Without commas and indentation, so that one new key is one new line.
        changed = changed_lines(*([line.strip(" ,") for line in side] for side in (old, new)))
        # Equal as JSON, so spacing is all that differs, and only the raw text shows it.
        return ("(JSON)", _drawn(changed, look)) if changed else None
    if "\n" in field.before or "\n" in field.after:
        changed = changed_lines(field.before.split("\n"), field.after.split("\n"))
        return "(text)", _drawn(changed, look)
    return None


def _whole(value: Json, look: Look) -> tuple[str, list[str]] | None:
    if not isinstance(value, str):
        return None
    lines = json_lines(value)
    if lines is not None and len(value) > look.width // 2:
        return "(JSON)", [f"{INDENT}  {clean(line)}" for line in lines]
    if "\n" in value.rstrip("\n"):
        return "(text)", [f"{INDENT}  {clean(line)}".rstrip() for line in value.split("\n")]
    return None


def _drawn(changed: Sequence[tuple[str, str]], look: Look) -> list[str]:
    return [
        f"{INDENT}  {look.paint(_STYLE.get(sign, 'dim'), f'{sign} {clean(line)}'.rstrip())}"
        for sign, line in changed
    ]
