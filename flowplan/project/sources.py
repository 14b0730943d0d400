"""Secrets that a project file only points to: a variable of the environment, or a file.

They are fetched when a command needs them, never when the file is read. No message here has a
value. This module must not know what a secret is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Literal, TypeAlias

from flowplan.dataclass import dataclass, field
from flowplan.errors import Diagnostic, ProjectError
from flowplan.planner.param_text import MAX_FILE, file_text
from flowplan.planner.source import Document
from flowplan.planner.values import Path

__all__ = ["SecretSource", "Spot", "Text"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the project file, looked up when there is something to say about it."""

    document: Document = field(repr=False)
    path: Path

    def told(
        self, code: str, summary: str, detail: str = "", *, hint: str = "", key: bool = False
    ) -> Diagnostic:
        """An error there, without the line: it may hold a secret."""
        at = self.document.position(self.path, key=key)
        return Diagnostic(
            "error", code, summary, detail, file=self.document.name, line=at.line,
            column=at.column, hint=hint,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret is. `name` is the variable, or the file's path as it can be opened."""

    kind: Literal["env", "file"]
    name: str
    what: str
    spot: Spot

    def fetch(self, environ: Mapping[str, str]) -> str:
        """The secret; a file without its last line end. Raises `ProjectError` FP625."""
        if self.kind == "env":
            value = environ.get(self.name)
            if value is None:
                raise self.missing(
                    f"the variable {self.name} is not set", f"set it: export {self.name}=…"
                )
            return value
        try:
            return file_text(FilePath(self.name))
        except OSError as error:
            why = (error.strerror or "it does not open").lower()
        except UnicodeDecodeError:
            why = "it is not UTF-8 text"
        except ValueError:
            why = f"it is larger than {MAX_FILE:,} bytes, or has no file's name"
        raise self.missing(
            f"{self.name} can't be read: {why}",
            "write the secret into that file, or name another; the path is relative to the "
            "project file",
        )

    def missing(self, why: str, hint: str) -> ProjectError:
        """The secret is not there, or is nothing: FP625."""
        return ProjectError(self.spot.told("FP625", f"{self.what} is missing: {why}", hint=hint))


Text: TypeAlias = str | SecretSource
"""What stands in the file, or where it is."""
