"""`noop`: a step that does nothing, for ordering, or waits.

It must not know the cluster: nothing is sent.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from flowplan.errors import ProviderError
from flowplan.protocol import Cluster, InputSpec, Json, Outputs, Record, StepSchema
from flowplan.providers.step import Step

__all__ = ["STEPS", "Noop", "duration"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(nanos|micros|ms|s|m|h|d)", re.ASCII)
_UNITS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_SCHEMA = StepSchema(
    inputs={
        "delay": InputSpec(
            ("string",), set="in_place", remove="in_place", write_only=True,
            description="How long to wait, as in 5s or 500ms.",
        ),
    },
    creates="nothing",
    description="Does nothing, or waits.",
)  # fmt: skip


class Noop(Step):
    """Nothing, after an optional delay. The delay is waited for once, when the node is new.

    No cluster is involved, so the wait is this thread's own.
    """

    name = "noop"
    schema = _SCHEMA

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def create(
        self,
        cluster: Cluster,
        inputs: Mapping[str, Json],
        record: Record,
        notes: Mapping[str, Json],
    ) -> Outputs:
        """Wait for `delay`. Raises `ProviderError` FP303 for what is no time."""
        seconds = duration(inputs.get("delay"))
        if seconds:
            self._sleep(seconds)
        return Outputs()


def duration(value: Json) -> float:
    """A time as OpenSearch writes it (`5s`, `500ms`, `1m`), in seconds; none is 0.

    Raises `ProviderError` FP303.
    """
    if value is None or value == "0":
        return 0.0
    found = _DURATION.fullmatch(str(value).strip().lower())
    if found is None:
        raise ProviderError.of(
            "FP303", f"delay is no time: {value}", hint="Write it as 5s, 500ms or 1m."
        )
    return float(found[1]) * _UNITS[found[2]]


STEPS = (Noop(),)
