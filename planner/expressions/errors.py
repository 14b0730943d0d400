"""What can be wrong with an expression. Messages name kinds and names, never values.

This module must not know where the string with the expression stands; callers turn an
`ExpressionError` into a diagnostic with file, line and column.
"""

from __future__ import annotations

from flowplan.planner.values import Path

__all__ = [
    "NOT_ALLOWED",
    "SYNTAX",
    "TOO_LARGE",
    "UNKNOWN_NAME",
    "WRONG_VALUE",
    "ExpressionError",
    "Refusal",
    "Undefined",
    "UnknownName",
]

SYNTAX = "FP170"
NOT_ALLOWED = "FP171"
UNKNOWN_NAME = "FP172"
WRONG_VALUE = "FP173"
TOO_LARGE = "FP174"


class ExpressionError(Exception):
    """An expression that can't be read or evaluated.

    `offset` counts characters from the start of the string that holds the expression, `path`
    is where that string stands in the tree that was evaluated, `code` the diagnostic's code.
    """

    def __init__(self, message: str, offset: int, hint: str = "", *, code: str = SYNTAX) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint
        self.code = code
        self.path: Path = ()

    def moved(self, by: int) -> ExpressionError:
        """The same error in a string in which the expression begins `by` characters later."""
        return type(self)(self.message, self.offset + by, self.hint, code=self.code)


class Undefined(ExpressionError):
    """A name or member that does not exist: what `default` and `is defined` are for.

    `sensitive` says that it hung on a sensitive value whether there is one.
    """

    sensitive = False


class UnknownName(KeyError):
    """A name that means nothing in this scope, or a member that a value does not have.

    `sensitive` says that the value is, so that even what it lacks is not to be known.
    """

    def __init__(
        self, name: str, message: str = "", hint: str = "", *, sensitive: bool = False
    ) -> None:
        super().__init__(name)
        self.sensitive = sensitive
        self.name = name
        self.message = message or f'nothing is named "{name}"'
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class Refusal(Exception):
    """An operation that these operands do not allow; the interpreter adds the place."""

    def __init__(self, message: str, hint: str = "", *, code: str = WRONG_VALUE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
