"""What a project file means for one environment: its own settings over the file's defaults.

Paths are as they can be opened from the working directory. This module must not know how the
file is written, nor flags: those come before whatever stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from flowplan.dataclass import dataclass, field
from flowplan.planner.params import ParamsFile, ProjectParam
from flowplan.project.sources import Spot, Text

__all__ = ["NAME", "Settings", "state_placeholders"]

NAME = "flowplan.yaml"
_PLACEHOLDERS = ("env", "template")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a command; all empty where there is no project file.

    `state` may have `{env}` and `{template}`. `params` are layers, the strongest first: values
    by name, or a file of them. `credentials` are texts and secret sources by their dotted name,
    `aws.region` for one; `spots` says where in the file the same names stand.
    """

    file: Path | None = None
    environment: str | None = None
    template: Path | None = None
    state: str | None = None
    endpoint: str | None = None
    params: Sequence[Mapping[str, ProjectParam] | ParamsFile] = ()
    allow_delete: frozenset[str] = frozenset()
    max_deletes: int | None = None
    parallelism: int | None = None
    credentials: Mapping[str, Text] = field(default_factory=dict)
    spots: Mapping[str, Spot] = field(default_factory=dict)

    @property
    def directory(self) -> Path | None:
        """Where the project file is."""
        return self.file.parent if self.file else None

    def state_of(self, template: Path | None) -> str | None:
        """The location of the state of `template`; None when the file doesn't say."""
        if self.state is None or ("{template}" in self.state and template is None):
            return None
        stem = template.stem if template else ""
        return self.state.replace("{env}", self.environment or "").replace("{template}", stem)


def state_placeholders() -> Sequence[str]:
    """What may stand in braces in `state`."""
    return _PLACEHOLDERS
