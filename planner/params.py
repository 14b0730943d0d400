"""Params: the values that a template leaves open, and where they come from.

In this order: flags (`-p k=v`, `-p k=@file`), params files, environment
(`FLOWPLAN_PARAM_<name>`), project file, default. No message here contains a value, and what
is declared sensitive leaves as `Sensitive`. This module must not know click or templates.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowplan.errors import Diagnostic, TemplateError, UsageError, nearest
from flowplan.planner.source import Document, read
from flowplan.planner.template import ParamSpec
from flowplan.planner.template.given import misfit
from flowplan.planner.values import Json, Sensitive, Value, canonical, reveal

__all__ = ["ENVIRONMENT", "Params", "resolve"]

ENVIRONMENT = "FLOWPLAN_PARAM_"
MAX_FILE = 1 << 20
"""Bytes that `-p k=@file` may hold."""
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Params:
    """The params of one command.

    `values` has what was given and the defaults, sensitive ones wrapped; `missing` the names
    without a value, declared ones first; `sources` says where each value came from.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    def digest(self, salt: str) -> str:
        """HMAC-SHA-256 over all names and values, in hex; `salt` is hex as in the state."""
        text = canonical(reveal(self.values))
        return hmac.new(bytes.fromhex(salt), text, hashlib.sha256).hexdigest()


def resolve(
    specs: Mapping[str, ParamSpec],
    *,
    flags: Sequence[str] = (),
    files: Sequence[Path] = (),
    environ: Mapping[str, str] | None = None,
    implicit: frozenset[str] = frozenset(),
    project: Mapping[str, Json] | None = None,
) -> Params:
    """The params of a template that declares `specs` and uses `implicit` without declaring them.

    Each of `flags` is `name=value`, `name=@file` (one line end at its end is dropped) or
    `name=@@…` for a value that begins with `@`; of several the last one counts, and so it is
    with `files` (JSON or YAML, an object of values by name). In `environ` the name is spelt as
    it is, or with `_` for what a shell does not allow. From flags and environment a value is
    text, unless the param is declared as something else: then it is read as JSON.

    Raises `UsageError` FP620, and `TemplateError` with all of FP160 to FP165 and what reading
    a params file raises. What has no value is not an error here: see `Params.missing`.
    """
    work = _Resolution(specs, implicit)
    work.take_flags(flags)
    for path in reversed(files):
        work.take_file(path)
    work.take_environment(environ or {})
    for name, value in (project or {}).items():
        if name in work.known:
            work.take(name, value, "the project file")
    for name, spec in specs.items():
        if spec.has_default and name not in work.values:
            work.values[name] = spec.default
            work.sources[name] = "default"
    if work.errors:
        raise TemplateError(*work.errors)
    values = {
        name: Sensitive(value) if name in specs and specs[name].sensitive else value
        for name, value in sorted(work.values.items())
    }
    missing = tuple(name for name in work.known if name not in values)
    empty = tuple(
        _empty(name, work.sources[name])
        for name, spec in specs.items()
        if spec.sensitive and work.values.get(name) == "" and work.sources[name] != "default"
    )
    return Params(values, missing, (*work.warnings, *empty), work.sources)


class _Resolution:
    """What has been found so far; the first source to give a value wins."""

    def __init__(self, specs: Mapping[str, ParamSpec], implicit: frozenset[str]) -> None:
        self.specs = specs
        self.known = (*specs, *sorted(implicit.difference(specs)))
        self.values: dict[str, Json] = {}
        self.sources: dict[str, str] = {}
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []

    def take(self, name: str, value: Json, source: str, place: Diagnostic | None = None) -> None:
        """Keep a typed value unless there is one already; complain about one that does not fit."""
        if name in self.values:
            return
        self.values[name] = value
        self.sources[name] = source
        spec = self.specs.get(name)
        problem = misfit(spec, value) if spec is not None else ""
        if problem:
            self._error("FP164", f"the param {name} from {source} {problem}", place=place)

    def take_flags(self, flags: Sequence[str]) -> None:
        """Read `-p` flags; of one name the last counts."""
        pairs = [(flag, *flag.partition("=")) for flag in flags]
        bad = [flag for flag, name, equals, _ in pairs if not equals or not name]
        if bad:
            raise UsageError(*map(_malformed, bad))
        for name, text in {name: text for _, name, _, text in pairs}.items():
            self._take_flag(name, text)

    def _take_flag(self, name: str, text: str) -> None:
        if name not in self.known:
            self._unlisted(name, f"-p {name}")
            return
        if text.startswith("@") and not text.startswith("@@"):
            content = self._content(name, Path(text[1:]))
            if content is not None:
                self._take_text(name, content, f"-p {name}=@{text[1:]}")
            return
        spec = self.specs.get(name)
        if spec is not None and spec.sensitive:
            self.warnings.append(_seen_by_others(name))
        self._take_text(name, text.removeprefix("@"), f"-p {name}")

    def _content(self, name: str, path: Path) -> str | None:
        try:
            return _text_of(path)
        except UnicodeDecodeError:
            why = "It is not UTF-8 text."
        except OSError as error:
            why = f"{error.strerror or 'It does not open'}."
        except ValueError:
            why = f"It is larger than {MAX_FILE:,} bytes."
        self._error("FP162", f"the param {name} can't be read from {path}", why)
        return None

    def _take_text(self, name: str, text: str, source: str) -> None:
        spec = self.specs.get(name)
        if spec is None or spec.type == "string":
            self.take(name, text, source)
            return
        try:
            value = _json(text)
        except ValueError:
            an = "an" if spec.type[0] in "aio" else "a"
            self.values[name] = None
            self._error(
                "FP163",
                f"the param {name} from {source} is not {an} {spec.type}",
                "From flags and environment it is read as JSON.",
                hint=_EXAMPLES[spec.type].format(name=name),
            )
            return
        self.take(name, value, source)

    def take_file(self, path: Path) -> None:
        """Read a params file: an object of values by name."""
        try:
            document = read(path)
        except TemplateError as error:
            # A line of a params file may be a secret, so none is shown.
            self.errors += [replace(d, excerpt="", span=0) for d in error.diagnostics]
            return
        if not isinstance(document.value, Mapping):
            self._error(
                "FP161", f"{document.name} does not hold params by name",
                'A params file is an object, such as {"openai_key": "…"}.',
                place=_place(document, ()),
            )  # fmt: skip
            return
        for name, value in document.value.items():
            if name in self.known:
                self.take(name, value, document.name, _place(document, (name,)))
            else:
                self._unlisted(name, document.name, _place(document, (name,), key=True))

    def take_environment(self, environ: Mapping[str, str]) -> None:
        """Read `FLOWPLAN_PARAM_…`; variables that name no param are somebody else's."""
        for name in self.known:
            exact = ENVIRONMENT + name
            if exact in environ:
                self._take_variable(name, exact, environ)
        shared: dict[str, list[str]] = {}
        for name in self.known:
            spelt = re.sub(r"\W", "_", name, flags=re.ASCII)
            if spelt not in self.known:
                shared.setdefault(ENVIRONMENT + spelt, []).append(name)
        for variable, names in shared.items():
            if variable in environ:
                self._take_shared(variable, names, environ)

    def _take_shared(self, variable: str, names: Sequence[str], environ: Mapping[str, str]) -> None:
        if len(names) > 1:
            self._error(
                "FP165", f"{variable} could mean the params {' and '.join(names)}",
                "A shell's variables have neither - nor . in their names.",
                hint="Give them with -p or a --params-file.",
            )  # fmt: skip
        else:
            self._take_variable(names[0], variable, environ)

    def _take_variable(self, name: str, variable: str, environ: Mapping[str, str]) -> None:
        if name not in self.values:
            self._take_text(name, environ[variable], variable)

    def _unlisted(self, name: str, source: str, place: Diagnostic | None = None) -> None:
        alike = nearest(name, self.known)
        known = f"It has {', '.join(self.known)}." if self.known else "It has none."
        self._error(
            "FP160", f'the template has no param "{name}"', f"It is given by {source}.",
            hint=f'Did you mean "{alike}"?' if alike else known, place=place,
        )  # fmt: skip

    def _error(
        self, code: str, summary: str, detail: str = "", *, hint: str = "",
        place: Diagnostic | None = None,
    ) -> None:  # fmt: skip
        base = place or Diagnostic("error", code, summary)
        self.errors.append(replace(base, code=code, summary=summary, detail=detail, hint=hint))


_EXAMPLES = {
    "number": "Write -p {name}=0.5.",
    "integer": "Write -p {name}=5.",
    "boolean": "Write -p {name}=true or -p {name}=false.",
    "array": 'Write -p \'{name}=["a", "b"]\'.',
    "object": 'Write -p \'{name}={{"key": "value"}}\'.',
}


def _text_of(path: Path) -> str:
    """A file's text without its last line end. Raises `OSError` and `ValueError`."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ValueError
    return re.sub(r"\r?\n\Z", "", data.decode("utf-8-sig"))


def _json(text: str) -> Json:
    """Strict JSON. Raises `ValueError`, also for what is too deep."""

    def refuse(_: str) -> Json:
        raise ValueError

    def unique(pairs: list[tuple[str, Json]]) -> Json:
        made = dict(pairs)
        if len(made) < len(pairs):
            raise ValueError
        return made

    try:
        value = json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
        canonical(value)
    except RecursionError:
        raise ValueError from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValueError
    return value


def _depth(value: Json) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [
            part
            for item in level
            if isinstance(item, (dict, list))
            for part in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def _place(document: Document, path: tuple[str, ...], *, key: bool = False) -> Diagnostic:
    at = document.position(path, key=key)
    return Diagnostic("error", "", "", file=document.name, line=at.line, column=at.column)


def _malformed(flag: str) -> Diagnostic:
    # What has no "=" may be a secret that lost its name, so it is not repeated.
    why = "the name is missing before the =" if "=" in flag else "there is no ="
    return Diagnostic(
        "error", "FP620", f"-p takes name=value, and {why}", hint="Write -p openai_key=@key.txt."
    )


def _empty(name: str, source: str) -> Diagnostic:
    return Diagnostic(
        "warning", "FP167", f"the sensitive param {name} from {source} is empty",
        "A pipeline gives an empty text for a secret that it does not have.",
        hint="See that the secret is there, and that this run may use it.",
    )  # fmt: skip


def _seen_by_others(name: str) -> Diagnostic:
    return Diagnostic(
        "warning", "FP166", f"the sensitive param {name} stands on the command line",
        "Other users of this machine and the shell's history see it.",
        hint=f"Use -p {name}=@file or {ENVIRONMENT}{name}.",
    )  # fmt: skip
