from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowplan.providers.sandbox.options import SandboxOptions, parse_options


def test_a_bare_url_has_no_path_and_no_faults() -> None:
    options = parse_options("sandbox:")
    assert options == SandboxOptions()
    assert options.path is None
    assert not options.faulty


def test_a_path_may_be_followed_by_options() -> None:
    options = parse_options("sandbox:/tmp/a%20b.db?latency=50ms&error_rate=0.1&seed=7")
    assert options.path == Path("/tmp/a b.db")
    assert (options.latency, options.error_rate, options.seed) == (0.05, 0.1, 7)
    assert options.faulty


@pytest.mark.parametrize(
    ("text", "seconds"), [("50ms", 0.05), ("2s", 2), ("5m", 300), ("1.5s", 1.5), ("0ms", 0)]
)
def test_durations_have_a_unit(text: Any, seconds: Any) -> None:
    assert parse_options(f"sandbox:?deploy={text}").deploy == seconds


def test_plugins_are_a_list() -> None:
    assert parse_options("sandbox:?plugins=opensearch-ml,opensearch-knn").plugins == (
        "opensearch-ml",
        "opensearch-knn",
    )
    assert parse_options("sandbox:?plugins=").plugins == ()


def test_the_default_path_fills_only_a_missing_one() -> None:
    assert parse_options("sandbox:").at(Path("d.db")).path == Path("d.db")
    assert parse_options("sandbox:a.db").at(Path("d.db")).path == Path("a.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://localhost", "not a sandbox URL"),
        (
            "sandbox:?latncy=1s",
            "no option latncy; did you mean latency, as in sandbox:?latency=50ms",
        ),
        ("sandbox:?zzz=1", "known are latency, error_rate"),
        (
            "sandbox:?latency=50",
            "latency: 50 is not a duration; write for example sandbox:?latency=50ms",
        ),
        ("sandbox:?latency=", "latency: (empty) is not a duration"),
        ("sandbox:?latency", "latency: (empty) is not a duration"),
        ("sandbox:?error_rate=2", "error_rate: 2 is not between 0 and 1"),
        ("sandbox:?error_rate=nan", "not between 0 and 1"),
        ("sandbox:?error_rate=many", "error_rate: many is not a number"),
        ("sandbox:?seed=1.5", "seed: 1.5 is not a whole number"),
        ("sandbox:?version=three", "version: three is not a version"),
        ("sandbox:?seed=1&seed=2", "seed is given twice"),
        ("sandbox:?error_rate=0.6&lost_rate=0.6", "add up to more than 1"),
        ("sandbox:?=1", "no option (empty)"),
    ],
)
def test_a_wrong_option_is_refused_by_name(url: Any, said: Any) -> None:
    with pytest.raises(ValueError, match="sandbox") as caught:
        parse_options(url)
    assert said in str(caught.value)
