from __future__ import annotations

from typing import Any

import pytest

from flowplan.errors import ProviderError
from flowplan.protocol import Outputs
from flowplan.providers.noop import Noop, duration


def make(inputs: dict[str, Any]) -> tuple[Outputs, list[float]]:
    slept: list[float] = []
    step = Noop(sleep=slept.append)
    return step.create(None, inputs, lambda **_: None, {}), slept  # type: ignore[arg-type]


def test_it_makes_nothing() -> None:
    assert make({}) == (Outputs(), [])


def test_a_delay_is_waited_for() -> None:
    assert make({"delay": "1500ms"})[1] == [1.5]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("1m", 60), ("2h", 7200), ("1d", 86400), ("0", 0), (None, 0), ("10micros", 1e-5)],
)
def test_times_are_read_as_opensearch_writes_them(text: str | None, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["5", "soon", "", 5, [1], {"a": 1}, "-3s"])
def test_what_is_no_time_is_an_error(text: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        duration(text)
    assert caught.value.diagnostics[0].code == "FP303"
