"""Writes what is generated: three pages, the schema of templates, and the help shown at once.

    python -m docs.generate

Everything comes from one source each: the catalogue `errors.yaml`, the program's own `--help`, the
step types' schemas. A test compares the files with what this would write. It must not know
anything that is not said there.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from docs.template_schema import template_schema
from flowplan.cli.app import SANDBOX_VERBS, STATE_VERBS, VERBS, run
from flowplan.protocol import InputSpec, StepSchema
from flowplan.providers.registry import Registry

HERE = Path(__file__).resolve().parent
MADE = "<!-- Made by docs/generate.py. Do not edit. -->"
WIDTH = "80"
WIDEST = 100
"""From here on click folds no further."""

FAMILIES = {
    "FP1": ("Templates and params", "Exit code 1. `validate` finds all of them at once."),
    "FP2": ("Plans and checks", "Exit code 1, FP222 exit code 5. Nothing was changed."),
    "FP3": (
        "Providers and the cluster",
        "Exit code 1 when nothing was changed, 3 when something was.",
    ),
    "FP4": ("State", "Exit code 1."),
    "FP5": ("Locks", "Exit code 4."),
    "FP6": (
        "Usage and the project file",
        "Exit code 64, or what the code's own entry says.",
    ),
    "FP9": ("Internal", "Exit code 70."),
}
EXIT_CODES = {
    "0": "done",
    "1": "failed, and nothing was changed",
    "2": "there are changes; only with `plan --detailed-exitcode`",
    "3": "failed part-way; what was done is in the state",
    "4": "somebody else holds the lock",
    "5": "the saved plan is stale",
    "64": "called in a wrong way",
    "70": "an internal error",
    "130": "interrupted with Ctrl-C (SIGINT)",
    "143": "ended with SIGTERM",
}
ENVIRONMENT = {
    "FLOWPLAN_ENV": "the environment in the project file, where `-e` is not given",
    "FLOWPLAN_ENDPOINT": "the cluster, where `--endpoint` is not given",
    "FLOWPLAN_PARAM_<name>": "the value of a param; `-` and `.` of its name may be written as `_`",
    "FLOWPLAN_USERNAME, FLOWPLAN_PASSWORD": "who asks; before the endpoint's own `user:password@`",
    "FLOWPLAN_CA_BUNDLE, REQUESTS_CA_BUNDLE": "the certificates to trust, in this order",
    "FLOWPLAN_TOKEN, FLOWPLAN_TOKEN_FILE": "a bearer token, or the file that holds it",
    "FLOWPLAN_CLIENT_CERT, FLOWPLAN_CLIENT_KEY": "a client certificate and its key, PEM files",
    "FLOWPLAN_INSECURE": "do not check the cluster's certificate; the same as `--insecure`",
    "FLOWPLAN_LEASE_SECONDS": "how long the lock on a remote state is good for unless renewed; 30",
    "FLOWPLAN_SERVE_KEY": "seals the credentials that `serve` keeps: 32 bytes, URL-safe base64",
    "FLOWPLAN_AWS_SIGV4, FLOWPLAN_AWS_REGION": "sign for the AWS service `es` or `aoss`",
    "HTTPS_PROXY, HTTP_PROXY, NO_PROXY": "a proxy, as for other programs",
    "CI": "when set and not `0` or `false`, an endpoint has to be named",
    "NO_COLOR, FORCE_COLOR, TERM, COLUMNS": "how text looks",
}

_ABOUT_ERRORS = (
    "Every message has a code, a place in the template where there is one, the problem, its "
    "reason, and what to do. With `--format json` the same comes as "
    "[diagnostics](schema/diagnostics.json)."
)
_ABOUT_COMMANDS = (
    "TEMPLATE may be left out where a [project file](project.md) names it, or where the working "
    "directory has a `template.yaml`, "
    "`template.yml` or `template.json`. Results go to stdout; progress, warnings and errors "
    "go to stderr."
)
_ABOUT_STEPS = (
    "What goes into `user_inputs`, and what a later change of it means. **set**: a new or "
    "changed value is sent to the resource *in place*, or the resource is *replaced*. "
    "**removed**: what happens when the input is taken out of the template; *kept* means "
    "that the cluster can't clear it, so nothing is planned and a note says so. In place "
    "becomes a replacement where a deployed model uses the resource; see "
    "[Plans](plans.md#replacing-a-connector-under-a-deployed-model)."
)
_ABOUT_REQUIRED = (
    "`flowplan steps` prints the inputs that Flow Framework itself lists as required. Every "
    "step also takes `node_timeout`, its time limit, which is not sent."
)

_HELP_MODULE = '''\
"""What `flowplan --help` prints, by the least width that it fits. Made by docs/generate.py.

It must not know anything else.
"""

from __future__ import annotations

__all__ = ["PAGES"]

'''


def documents() -> dict[str, str]:
    """The text of each generated file, by its path in docs/."""
    registry = Registry()
    schemas = {name: registry.step(name).schema for name in registry.names()}
    return {
        "errors.md": errors_page(catalogue()),
        "cli.md": cli_page(),
        "steps.md": steps_page(schemas),
        "schema/template.json": json.dumps(template_schema(schemas), indent=2) + "\n",
        "../flowplan/cli/help_page.py": help_module(),
    }


def catalogue() -> Sequence[Mapping[str, Any]]:
    """The entries of errors.yaml: code, title, cause, fix, example, and severity where it warns."""
    found: list[Mapping[str, Any]] = yaml.safe_load((HERE / "errors.yaml").read_text("utf-8"))
    return found


def errors_page(entries: Sequence[Mapping[str, Any]]) -> str:
    """One section a code, grouped by family."""
    lines = [
        "# Errors and warnings",
        MADE,
        _ABOUT_ERRORS,
    ]
    family = ""
    for entry in entries:
        if entry["code"][:3] != family:
            family = entry["code"][:3]
            title, exits = FAMILIES[family]
            lines += [f"## {family}xx: {title}", exits]
        lines += _error(entry)
    return "\n\n".join(lines) + "\n"


def _error(entry: Mapping[str, Any]) -> Iterator[str]:
    severity = f" ({entry['severity']})" if "severity" in entry else ""
    yield f"### {entry['code']}: {entry['title']}{severity}"
    yield entry["cause"]
    yield f"**What to do.** {entry['fix']}"
    example = entry["example"]
    if isinstance(example, str):
        yield fenced("text", example)
        return
    if "template" in example:
        yield fenced("yaml", example["template"])
    for name, text in example.get("files", {}).items():
        yield f"`{name}`:"
        yield fenced("text", text)
    told = [f"$ export {name}={value}" for name, value in example.get("env", {}).items()]
    told += [f"$ {command}" for command in example["run"]]
    yield fenced("text", "\n".join([*told, example["output"]]))


def cli_page() -> str:
    """The help of every command, exit codes and environment variables."""
    lines = [
        "# Command line",
        MADE,
        _ABOUT_COMMANDS,
    ]
    for words in verbs():
        lines += [f"## flowplan {' '.join(words)}".rstrip(), fenced("text", help_of(words))]
    lines += ["## Exit codes", table(("code", "meaning"), EXIT_CODES.items())]
    described = (
        (", ".join(f"`{name}`" for name in names.split(", ")), text)
        for names, text in ENVIRONMENT.items()
    )
    lines += ["## Environment variables", table(("variable", "what it sets"), described)]
    return "\n\n".join(lines) + "\n"


def verbs() -> Iterator[tuple[str, ...]]:
    """The words of every command, the program itself first."""
    yield ()
    below = {"state": STATE_VERBS, "sandbox": SANDBOX_VERBS}
    for verb in VERBS:
        yield (verb,)
        yield from ((verb, name) for name in below.get(verb, ()))


def help_of(words: Sequence[str], width: str = WIDTH) -> str:
    """What click makes of `--help` on a terminal so wide."""
    out = io.StringIO()
    # Not `main`, which writes what was generated before.
    with mock.patch.dict(os.environ, {"COLUMNS": width}), contextlib.redirect_stdout(out):
        run([*words, "--help"])
    return out.getvalue()


def help_module() -> str:
    """The help of the program itself, once for each way in which click folds it."""
    pages: dict[str, int] = {}
    for width in range(WIDEST, int(WIDTH) - 1, -1):
        pages[help_of((), str(width))] = width
    lines = [
        f"    (\n        {least},\n        {_literal(text)},\n    ),"
        for text, least in pages.items()
    ]
    return _HELP_MODULE + "\n".join(["PAGES = (", *lines, ")"]) + "\n"


def _literal(text: str) -> str:
    return f'"""\\\n{text}"""'


def steps_page(schemas: Mapping[str, StepSchema]) -> str:
    """A section for each step type."""
    lines = [
        "# Step types",
        MADE,
        _ABOUT_STEPS,
        _ABOUT_REQUIRED,
    ]
    for name, schema in schemas.items():
        lines += [f"## {name}", schema.description, _facts(schema)]
        if schema.inputs:
            heads = ("input", "type", "set", "removed", "what it is")
            rows = (_input_row(key, spec) for key, spec in schema.inputs.items())
            lines.append(table(heads, rows))
    return "\n\n".join(lines) + "\n"


def _facts(schema: StepSchema) -> str:
    made = {
        "resource": f"a resource, shown as `{schema.resource_type}`",
        "effect": f"no resource of its own; listed with the `{schema.resource_type}` that it is "
        "about",
        "act": "nothing that stays; it is done once",
        "nothing": "nothing on the cluster",
    }[schema.creates]
    first = (
        "the new one is made first" if schema.create_before_destroy else "the old one goes first"
    )
    facts = [
        f"makes: {made}",
        f"outputs: {', '.join(f'`{name}`' for name in schema.outputs) or 'none'}",
        f"plugins: {', '.join(f'`{name}`' for name in schema.plugins) or 'none'}",
        f"time limit: {schema.timeout:g} s",
    ]
    if schema.creates == "resource":
        facts.append(f"when replaced: {first}")
    if schema.holds_data:
        facts.append("holds data: deleting or replacing it needs `--allow-delete`")
    return "\n".join(f"- {fact}" for fact in facts)


def _input_row(name: str, spec: InputSpec) -> Sequence[str]:
    kinds = " or ".join(dict.fromkeys(spec.types))
    traits = [
        ("required", spec.required),
        ("secret", spec.sensitive),
        ("never read back, so it can't drift", spec.write_only),
        (f"the id of {_some(spec.reference or '')}", spec.reference),
        ("changes key by key", spec.merge),
    ]
    told = ", ".join(text for text, holds in traits if holds)
    about = " ".join(part for part in (spec.description, f"*{told}*" if told else "") if part)
    words = {"in_place": "in place", "replace": "replaced", "keep": "kept"}
    return f"`{name}`", kinds, words[spec.set], words[spec.remove], about


def _some(kind: str) -> str:
    return f"{'an' if kind[:1] in 'aio' else 'a'} {kind.replace('_', ' ')}"


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def table(heads: Sequence[str], rows: Any) -> str:
    """A table; a bar inside a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in lines
    )


if __name__ == "__main__":
    for path, content in documents().items():
        (HERE / path).write_text(content, "utf-8")
