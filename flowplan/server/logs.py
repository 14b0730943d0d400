"""The log on stderr: a line an event, as text or as JSON, without what an exception says.

What an exception says may be anything, a secret as well, so of one only its kind and the places
that it went through are written. It must not know requests or workflows.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, TypeAlias

from flowplan.render.sanitise import clean

__all__ = ["LogForm", "log_to", "request_id", "told"]

Json: TypeAlias = Any
LogForm: TypeAlias = Literal["text", "json"]
_FIELDS = "flowplan_fields"
_DEEPEST = 12
_OURS = "flowplan.server"

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request that this thread answers, "" where it answers none."""


def told(**fields: Json) -> dict[str, Mapping[str, Json]]:
    """What is known of an event beside its message: the `extra` of a call of a logger."""
    return {
        _FIELDS: {
            name: value for name, value in fields.items() if value is not None and value != ""
        }
    }


def log_to(stream: TextIO, form: LogForm, level: int) -> logging.Handler:
    """Write what is logged in this process to a stream, from now on.

    `level` is that of the server's own lines; of other libraries only warnings are written. Give
    the handler to `logging.getLogger().removeHandler` to end it.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Line(form))
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger(_OURS).setLevel(level)
    return handler


class _Line(logging.Formatter):
    def __init__(self, form: LogForm) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the record."""
        known = self._known(record)
        if self._form == "json":
            return json.dumps(known, default=str)
        time, level, event = known.pop("time"), known.pop("level"), known.pop("event")
        more = " ".join(f"{name}={_word(value)}" for name, value in known.items())
        return clean(f"{time} {level:<7} {event} {more}".rstrip())

    def _known(self, record: logging.LogRecord) -> dict[str, Json]:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        known: dict[str, Json] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        asked = request_id.get()
        if asked:
            known["request_id"] = asked
        known.update(getattr(record, _FIELDS, {}))
        if record.exc_info and record.exc_info[1] is not None:
            known["exception"] = type(record.exc_info[1]).__name__
            known["trace"] = _places(record.exc_info[1])
        return known


def _places(error: BaseException) -> list[str]:
    """Where an exception came through, the last places."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _word(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if text and not set(text) & set(' "=') else json.dumps(text, ensure_ascii=False)
