"""The file of `--json-into`: the JSON form beside the text that a person reads."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flowplan.errors import UsageError
from flowplan.render.json_text import json_line, json_text

__all__ = ["JsonFile"]


class JsonFile:
    """Open for one command. Raises `UsageError` FP608 when it can't be written."""

    def __init__(self, path: str, *, append: bool = False) -> None:
        self.path = path
        try:
            self.file = Path(path).open("a" if append else "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise self._refusal(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def document(self, document: Any) -> None:
        """One indented document."""
        self._write(json_text(document) + "\n")

    def line(self, document: Any) -> None:
        """One document on a line of its own, in the file at once."""
        self._write(json_line(document) + "\n")

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _write(self, text: str) -> None:
        try:
            self.file.write(text)
            self.file.flush()
        except OSError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: OSError) -> UsageError:
        return UsageError.of(
            "FP608",
            f"{self.path} can't be written: {error.strerror}",
            hint="Name a file in a directory that you may write to with --json-into.",
        )
