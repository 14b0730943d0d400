"""Regular expressions that are compiled when they are first used.

Each takes a tenth of a millisecond and more, and most commands need few of those that the modules
they load have. It must not know any of the expressions.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

__all__ = ["compiled_later", "pattern"]

_METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub")
_compile = re.compile


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """As `re.compile`; what is wrong with the expression is raised by the first use."""
    return cast("re.Pattern[str]", _Later(text, flags))


@contextmanager
def compiled_later() -> Iterator[None]:
    """Around the import of a library whose own patterns are mostly not needed: as `pattern`.

    The library meets another `re.compile` meanwhile, so it is done only while there can't be a
    second thread, which would meet it, too.
    """
    if "threading" in sys.modules:
        yield
        return
    re.compile = cast("Any", pattern)
    try:
        yield
    finally:
        re.compile = _compile


class _Later:
    def __init__(self, text: str, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        # Only asked for what is not there yet: from then on the compiled one's own methods are.
        if name not in _METHODS:
            raise AttributeError(name)
        compiled = _compile(*self._given)
        self.__dict__.update({each: getattr(compiled, each) for each in _METHODS})
        return self.__dict__[name]
