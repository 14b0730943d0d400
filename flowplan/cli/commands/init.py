"""`flowplan init [DIR]`: a project to begin with, which can be planned and applied at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from flowplan.cli.app import VERBS
from flowplan.cli.call import Call
from flowplan.cli.options import optional_argument
from flowplan.cli.verbs import verb
from flowplan.errors import ProjectError

__all__ = ["command"]


@verb(
    "init",
    optional_argument("target", "[DIR]"),
    summary=VERBS["init"],
    place=False,
    template_params=False,
)
def command(call: Call) -> int:
    """Write what is not there yet; what is there stays as it is."""
    from flowplan.render.init_text import init_document, init_text

    directory = Path(call.flags.target or ".")
    files = {}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in _texts(directory):
            files[name] = _write(directory / name, text)
    except (OSError, ValueError) as error:
        raise ProjectError.of(
            "FP632",
            f"a project can't be made in {str(directory)!r}",
            f"{getattr(error, 'strerror', None) or 'That is no name of a directory'}.",
            hint="Name a directory that you may write to: flowplan init DIR",
        ) from None
    words = ["flowplan", "plan"]
    if call.flags.target and directory.resolve() != Path.cwd():
        words += ["--project", str(directory)]
    step = shlex.join(words)
    call.result(
        lambda: init_text(directory, files, step), lambda: init_document(directory, files, step)
    )
    return 0


def _texts(directory: Path) -> Iterator[tuple[str, str]]:
    """The files and their texts; a template that is there already takes the example's place."""
    from flowplan.cli.starter import GITIGNORE, TEMPLATE, project_text
    from flowplan.project import default_template

    there = default_template(directory)
    name = there.name if there else "template.yaml"
    yield "flowplan.yaml", project_text(name)
    yield name, TEMPLATE
    yield ".gitignore", GITIGNORE


def _write(path: Path, text: str) -> bool:
    """Whether the file was made; one that is there is never touched."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
