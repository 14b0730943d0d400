"""A project file as it was read: the defaults, and one block for each environment.

Texts are as written, paths too. This module must not know which block counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowplan.dataclass import dataclass, field
from flowplan.planner.source import Document
from flowplan.planner.values import Json
from flowplan.planner.values import Path as DocumentPath
from flowplan.project.sources import SecretSource, Text

__all__ = ["Block", "ProjectFile"]


@dataclass(frozen=True, slots=True)
class Block:
    """What the file says for all environments, or for one; None for what it doesn't say.

    `path` is where the block stands in the document. `params` are values and secret sources by
    name, `credentials` texts and secret sources by dotted name.
    """

    path: DocumentPath = ()
    endpoint: str | None = None
    state: str | None = None
    params: Mapping[str, Json | SecretSource] = field(default_factory=dict)
    params_files: tuple[str, ...] = ()
    allow_delete: tuple[str, ...] | None = None
    max_deletes: int | None = None
    parallelism: int | None = None
    credentials: Mapping[str, Text] | None = None


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A project file without mistakes."""

    path: Path
    document: Document
    template: str | None = None
    default_env: str | None = None
    common: Block = Block()
    environments: Mapping[str, Block] = field(default_factory=dict)
