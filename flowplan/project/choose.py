"""Which environment is meant, and what the project file says for it.

It must not know flags, only which environment was named by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from flowplan.dataclass import dataclass
from flowplan.errors import UsageError, nearest
from flowplan.planner.params import ParamsFile, ProjectParam
from flowplan.project.model import Block, ProjectFile
from flowplan.project.settings import Settings
from flowplan.project.sources import SecretSource, Spot

__all__ = ["choose", "no_project"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
SANDBOX = "sandbox:"


def choose(project: ProjectFile, named: str | None, environ: Mapping[str, str]) -> Settings:
    """The settings of the environment `named`, else of `default_env`.

    `environ` is where secrets are fetched from, when they are needed. Raises `UsageError` FP626
    for an environment that the file does not have, FP634 when it has some and none is named.
    """
    known = list(project.environments)
    name = named or project.default_env
    if name is None and known:
        raise UsageError.of(
            "FP634",
            f"{project.path} has environments, and none is named",
            f"It has {', '.join(known)}.",
            hint=f"Name one: -e {known[0]}\nOr write default_env: {known[0]} into {project.path}",
        )
    if name is not None and name not in project.environments:
        near = nearest(name, known)
        has = f"It has {', '.join(known)}." if known else "It has none."
        raise UsageError.of(
            "FP626",
            f"{project.path} has no environment {name}",
            f'Did you mean "{near}"? {has}' if near else has,
            hint="Name one with -e, or add it under `environments`.",
        )
    own = project.environments[name] if name is not None else Block()
    return _Merge(project, own, environ).settings(name)


def no_project(name: str) -> UsageError:
    """What is said of `-e` where there is no project file."""
    return UsageError.of(
        "FP627",
        f"the environment {name} is named, and there is no project file",
        "No flowplan.yaml beside the template, in the working directory, or above it in this "
        "repository.",
        hint="Name it with --project PATH, or make one: flowplan init",
    )


@dataclass(frozen=True, slots=True)
class _Merge:
    """A file and the block of the environment."""

    project: ProjectFile
    own: Block
    environ: Mapping[str, str]

    def settings(self, environment: str | None) -> Settings:
        """The environment's own where it has some, else the file's."""
        project, own, common = self.project, self.own, self.project.common
        directory = project.path.parent
        creds = own if own.credentials is not None else common
        allowed = own.allow_delete if own.allow_delete is not None else common.allow_delete
        credentials = creds.credentials or {}
        return Settings(
            file=project.path,
            environment=environment,
            template=directory / project.template if project.template else None,
            state=_located(own.state or common.state, directory),
            endpoint=_endpoint(own.endpoint or common.endpoint, directory),
            params=[layer for block in (own, common) for layer in self._layers(block)],
            allow_delete=frozenset(allowed or ()),
            max_deletes=own.max_deletes if own.max_deletes is not None else common.max_deletes,
            parallelism=own.parallelism or common.parallelism,
            credentials=credentials,
            spots={
                name: self._spot(creds, "credentials", *name.split(".")) for name in credentials
            },
        )

    def _layers(self, block: Block) -> list[Mapping[str, ProjectParam] | ParamsFile]:
        """The strongest first: values, then files, of which the last one counts."""
        values = {name: self._param(block, name) for name in block.params}
        files = [self._file(block, index) for index in reversed(range(len(block.params_files)))]
        return [*([values] if values else []), *files]

    def _file(self, block: Block, index: int) -> ParamsFile:
        path = self.project.path.parent / block.params_files[index]
        return ParamsFile(path, self._spot(block, "params_files", index).told)

    def _param(self, block: Block, name: str) -> ProjectParam:
        value = block.params[name]
        told = self._spot(block, "params", name).told
        source = str(self.project.path)
        if isinstance(value, SecretSource):
            return ProjectParam(source, told, fetch=partial(value.fetch, self.environ))
        return ProjectParam(source, told, value)

    def _spot(self, block: Block, *steps: str | int) -> Spot:
        return Spot(self.project.document, (*block.path, *steps))


def _located(state: str | None, directory: Path) -> str | None:
    """A URL as it is; a path, with or without `file:`, relative to the project file."""
    if state is None or _URL.match(state):
        return state
    scheme = "file:" if state.startswith("file:") else ""
    return f"{scheme}{directory / state.removeprefix('file:')}"


def _endpoint(endpoint: str | None, directory: Path) -> str | None:
    """The file of `sandbox:PATH` is relative to the project file, too."""
    if endpoint is None or not endpoint.startswith(SANDBOX):
        return endpoint
    path, mark, options = endpoint.removeprefix(SANDBOX).partition("?")
    return f"{SANDBOX}{directory / path if path else ''}{mark}{options}"
