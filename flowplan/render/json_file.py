"""The file of `--json-into`: the JSON form beside the text that a person reads."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flowplan.dataclass import replace
from flowplan.errors import Diagnostic, UsageError
from flowplan.render.json_text import json_line, json_text

__all__ = ["JsonFile"]


class JsonFile:
    """Open for one command. Raises `UsageError` FP608 when it can't be written."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.failure: OSError | None = None
        try:
            self.file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115
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
        """One indented document. Raises `UsageError` FP608."""
        try:
            self._write(json_text(document) + "\n")
        except OSError as error:
            raise self._refusal(error) from None

    def line(self, document: Any) -> None:
        """One document on a line of its own, in the file at once.

        A full disk must not break off an apply: `failure` keeps the error, the rest is dropped.
        """
        if self.failure is None:
            try:
                self._write(json_line(document) + "\n")
            except OSError as error:
                self.failure = error

    def close(self) -> None:
        """Close the file; what could not be written was told before."""
        with suppress(OSError):
            self.file.close()

    def _write(self, text: str) -> None:
        self.file.write(text)
        self.file.flush()

    def told(self) -> tuple[Diagnostic, ...]:
        """The failure as a warning, if there was one."""
        if self.failure is None:
            return ()
        (diagnostic,) = self._refusal(self.failure).diagnostics
        return (replace(diagnostic, severity="warning"),)

    def _refusal(self, error: OSError) -> UsageError:
        return UsageError.of(
            "FP608",
            f"{self.path} can't be written: {error.strerror}",
            hint="Name a file in a directory that you may write to with --json-into.",
        )
