"""Older state documents made current, one format version at a time.

A migration is a function from the JSON document of version n to that of version n + 1; it
never sees the classes of today. This module must not know files or the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

__all__ = ["FORMAT_VERSION", "MIGRATIONS", "Migration", "migrate"]

Document: TypeAlias = dict[str, Any]
Migration: TypeAlias = Callable[[Document], Document]

FORMAT_VERSION = 1
MIGRATIONS: Mapping[int, Migration] = {}
"""The migration away from each older version. There is none yet: 1 is the first."""


def migrate(
    document: Document,
    version: int,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    target: int = FORMAT_VERSION,
) -> Document:
    """`document` of format `version` in the form of `target`, every step taken in turn.

    Raises `LookupError` naming the version that nothing leads away from, before any step.
    """
    steps = range(version, target)
    for step in steps:
        if step not in migrations:
            raise LookupError(f"nothing leads from format {step} to {step + 1}")
    for step in steps:
        document = {**migrations[step](document), "format_version": step + 1}
    return document
