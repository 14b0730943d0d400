"""From a file or a text to a `Document`, or to a `TemplateError` that says where and why not.

The one door to the two readers. This module must not know what is in the files.
"""

from __future__ import annotations

import os
from pathlib import Path

from flowplan.errors import Diagnostic, TemplateError
from flowplan.pattern import pattern
from flowplan.planner.source.document import MAX_EXCERPT, Document, Json, Syntax
from flowplan.planner.source.limits import MAX_BYTES, SourceFault, unpaired_surrogate

__all__ = ["parse_text", "read"]

_BOM = "\ufeff"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
# Nothing is known of the meaning when a text can't even be read, so the name of a key decides
# whether its line may be shown.
_SECRET_LINE = pattern(
    r"(?i)(?:key|secret|token|passw(?:or)?d|credential|authorization)[\w\s\"'-]{0,40}[:=]"
)


def read(path: Path) -> Document:
    """Read a file, as JSON when its name ends in `.json` and as YAML otherwise.

    Raises `TemplateError`: FP100 when it can't be read, FP138 beyond `MAX_BYTES`, FP141 when
    it is not UTF-8, and what `parse_text` raises.
    """
    name = str(path)
    data = _bytes(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TemplateError(_not_utf8(name, data, error.start)) from None
    return parse_text(text, name, "json" if path.suffix.lower() == ".json" else "yaml")


def parse_text(text: str, name: str, syntax: Syntax) -> Document:
    """Read a text; `name` is what messages call it.

    Raises `TemplateError` with one diagnostic: FP101 and FP130 to FP146, with line and column.
    """
    text = text.removeprefix(_BOM)
    try:
        return Document(name, text, _value(text, syntax), syntax)
    except SourceFault as fault:
        raise TemplateError(_diagnostic(fault, Document(name, text, None, syntax))) from None


def _value(text: str, syntax: Syntax) -> Json:
    # A text of four-byte characters is four times as long as its count says.
    if len(text) > MAX_BYTES:
        raise _too_large()
    half = unpaired_surrogate(text)
    if half is not None:
        raise SourceFault(
            "FP143",
            "half of a surrogate pair",
            half,
            detail="It is not a character, and UTF-8 can't write it.",
            hint="write the character itself",
        )
    if syntax == "json":
        from flowplan.planner.source.json_values import load
    else:
        from flowplan.planner.source.yaml_values import load
    return load(text)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not a file name"
        detail = f"{reason}." if reason[:1].isupper() else f"{reason[:1].upper()}{reason[1:]}."
        raise TemplateError(
            Diagnostic(
                "error",
                "FP100",
                f"{_printable(path)} can't be read",
                detail,
                file=_printable(path),
                hint="check the path and its permissions",
            )
        ) from None
    if len(data) > MAX_BYTES:
        fault = _too_large()
        raise TemplateError(
            Diagnostic("error", fault.code, fault.summary, file=str(path), hint=fault.hint)
        )
    return data


def _printable(path: Path) -> str:
    return os.fsencode(str(path)).decode("utf-8", "replace").replace("\0", "\ufffd")


def _too_large() -> SourceFault:
    return SourceFault(
        "FP138",
        f"larger than {MAX_BYTES // 1024 // 1024} MiB",
        0,
        hint="split the template into several",
    )


def _not_utf8(name: str, data: bytes, start: int) -> Diagnostic:
    before = data[:start].decode("utf-8")
    document = Document(name, before, None, "yaml")
    place = document.position_at(len(before), len(before))
    wide = data.startswith(_WIDE_BOMS)
    return Diagnostic(
        "error",
        "FP141",
        "not UTF-8",
        "The file is UTF-16." if wide else f"Byte 0x{data[start]:02x} can't stand here.",
        file=name,
        line=place.line,
        column=place.column,
        hint="save the file as UTF-8",
    )


def _diagnostic(fault: SourceFault, document: Document) -> Diagnostic:
    place = document.position_at(fault.offset, fault.offset + fault.span)
    excerpt = document.excerpt(place.line)
    hidden = len(excerpt) > MAX_EXCERPT or _SECRET_LINE.search(excerpt) is not None
    shown = "" if hidden else excerpt
    return Diagnostic(
        "error",
        fault.code,
        fault.summary,
        fault.detail,
        file=document.name,
        line=place.line,
        column=place.column,
        hint=fault.hint,
        excerpt=shown,
        span=place.span if shown else 0,
    )
