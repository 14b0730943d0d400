"""Params: the values that a template leaves open, and where they come from.

In this order: flags (`-p k=v`, `-p k=@file`), params files, environment
(`FLOWPLAN_PARAM_<name>`), a saved plan, project file, default. No message here contains a value,
and what is declared sensitive leaves as `Sensitive`. This module must not know click or templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from flowplan.dataclass import dataclass, field, replace
from flowplan.errors import Diagnostic, FlowplanError, TemplateError, UsageError, nearest
from flowplan.planner.param_text import MAX_FILE, file_text, json_value
from flowplan.planner.source import Document, read
from flowplan.planner.template import ParamSpec
from flowplan.planner.template.given import misfit
from flowplan.planner.values import (
    Json,
    Sensitive,
    Value,
    canonical,
    not_given,
    reveal,
    withheld,
)

__all__ = [
    "ENVIRONMENT",
    "MAX_FILE",
    "Params",
    "ParamsFile",
    "ProjectParam",
    "file_text",
    "resolve",
]

ENVIRONMENT = "FLOWPLAN_PARAM_"


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
        import hashlib
        import hmac  # on use: OpenSSL behind it is slow to load

        given = {name: value for name, value in self.values.items() if not not_given(value)}
        text = canonical(reveal(given))
        return hmac.new(bytes.fromhex(salt), text, hashlib.sha256).hexdigest()

    def secret_digests(self, salt: str) -> Mapping[str, str]:
        """The same over each sensitive param with its name, by name; none without a salt."""
        return (
            {}
            if not salt
            else {
                name: Params({name: value}).digest(salt)
                for name, value in self.values.items()
                if isinstance(value, Sensitive)
            }
        )


Told: TypeAlias = Callable[[str, str], Diagnostic]
"""Makes a diagnostic, from its code and summary, at a place in the project file."""


@dataclass(frozen=True, slots=True)
class ParamsFile:
    """A file of params that the project file names."""

    path: Path
    told: Told


@dataclass(frozen=True, slots=True)
class ProjectParam:
    """A param that the project file gives: a value, or with `fetch` the way to a secret one.

    `source` is the file's name. `fetch` raises `FlowplanError`, and is called only if the param
    has no stronger value.
    """

    source: str
    told: Told
    value: Json = None
    fetch: Callable[[], str] | None = None


def resolve(
    specs: Mapping[str, ParamSpec],
    *,
    flags: Sequence[str] = (),
    files: Sequence[Path] = (),
    environ: Mapping[str, str] | None = None,
    implicit: frozenset[str] = frozenset(),
    saved: Mapping[str, Json] | None = None,
    project: Sequence[Mapping[str, ProjectParam] | ParamsFile] = (),
    secrets_may_miss: bool = False,
) -> Params:
    """The params of a template that declares `specs` and uses `implicit` without declaring them.

    Each of `flags` is `name=value`, `name=@file` (one line end at its end is dropped) or
    `name=@@…` for a value that begins with `@`; of several the last one counts, and so it is
    with `files` (JSON or YAML, an object of values by name). In `environ` the name is spelt as
    it is, or with `_` for what a shell does not allow. From flags and environment a value is
    text, unless the param is declared as something else: then it is read as JSON. `saved` are
    the plain params of a saved plan. `project` are the layers of the project file, the strongest
    first: params by name, or a file of them. With `secrets_may_miss`, one that can't be fetched is
    not given (`values.withheld`).

    Raises `UsageError` FP620, and `TemplateError` with all of FP160 to FP165 and what reading
    a params file or a secret raises. What has no value is not an error here: see `Params.missing`.
    """
    work = _Resolution(specs, implicit, secrets_may_miss=secrets_may_miss)
    work.take_flags(flags)
    for path in reversed(files):
        work.take_file(path)
    work.take_environment(environ or {})
    for name, value in (saved or {}).items():
        if name in work.known:
            work.take(name, value, "the saved plan")
    for layer in project:
        if isinstance(layer, ParamsFile):
            work.take_file(layer.path, layer.told)
        else:
            work.take_project(layer)
    for name, spec in specs.items():
        if spec.has_default and name not in work.values:
            work.values[name] = spec.default
            work.sources[name] = "default"
    if work.errors:
        raise TemplateError(*work.errors)
    secret = work.fetched | {name for name, spec in specs.items() if spec.sensitive}
    values = {
        name: Sensitive(value) if name in secret and not not_given(value) else value
        for name, value in sorted(work.values.items())
    }
    missing = tuple(name for name in work.known if name not in values)
    empty = (_empty(name, work.sources[name]) for name in specs if work.is_empty(name))
    return Params(values, missing, (*work.warnings, *empty), work.sources)


class _Resolution:
    """What has been found so far; the first source to give a value wins."""

    def __init__(
        self, specs: Mapping[str, ParamSpec], implicit: frozenset[str], *, secrets_may_miss: bool
    ) -> None:
        self.specs = specs
        self.secrets_may_miss = secrets_may_miss
        self.known = (*specs, *sorted(implicit.difference(specs)))
        self.values: dict[str, Json] = {}
        self.sources: dict[str, str] = {}
        self.fetched: set[str] = set()
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

    def is_empty(self, name: str) -> bool:
        """Whether a secret was given as an empty text."""
        secret = name in self.fetched or self.specs[name].sensitive
        return secret and self.values.get(name) == "" and self.sources[name] != "default"

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
            return file_text(path)
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
            value = json_value(text)
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

    def take_file(self, path: Path, told: Told | None = None) -> None:
        """Read a params file: an object of values by name. `told` is where it was named."""
        try:
            document = read(path)
        except TemplateError as error:
            # A line of a params file may be a secret, so none is shown.
            found = [replace(d, excerpt="", span=0) for d in error.diagnostics]
            if told is not None and found[0].line is None:
                # It can't be read at all: where it was named says more.
                at = told(found[0].code, found[0].summary)
                found = [replace(at, detail=found[0].detail, hint=found[0].hint)]
            self.errors += found
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

    def take_project(self, params: Mapping[str, ProjectParam]) -> None:
        """Take what the project file says; its secrets are fetched only where they are needed."""
        for name, given in params.items():
            place = given.told("", "")
            if name not in self.known:
                self._unlisted(name, given.source, place)
            elif name not in self.values:
                self._take_given(name, given, place)

    def _take_given(self, name: str, given: ProjectParam, place: Diagnostic) -> None:
        spec = self.specs.get(name)
        if given.fetch is None:
            if spec is not None and spec.sensitive:
                self.warnings.append(_written_out(name, place))
            self.take(name, given.value, given.source, place)
            return
        self.fetched.add(name)
        try:
            self._take_text(name, given.fetch(), given.source)
        except FlowplanError as error:
            if self.secrets_may_miss:
                self.values[name], self.sources[name] = withheld(name), given.source
                return
            self.errors += error.diagnostics
            # Not missing as well: what is wrong with it has been said.
            self.values[name] = None

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


def _written_out(name: str, place: Diagnostic) -> Diagnostic:
    return replace(
        place, severity="warning", code="FP628",
        summary=f"the sensitive param {name} is written out in the project file",
        detail="Everybody who can read the file, or its history, sees it.",
        hint=f"Write {name}: {{env: NAME}} or {name}: {{file: PATH}}.",
    )  # fmt: skip


def _seen_by_others(name: str) -> Diagnostic:
    return Diagnostic(
        "warning", "FP166", f"the sensitive param {name} stands on the command line",
        "Other users of this machine and the shell's history see it.",
        hint=f"Use -p {name}=@file or {ENVIRONMENT}{name}.",
    )  # fmt: skip
