"""The sandbox's URL: `sandbox:`, `sandbox:PATH`, `sandbox:PATH?latency=50ms&error_rate=0.1&seed=7`.

For whoever opens a sandbox. Must not know what the options do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flowplan.dataclass import dataclass, replace

__all__ = ["ALL_PLUGINS", "SandboxOptions", "parse_options"]

ALL_PLUGINS = (
    "opensearch-flow-framework",
    "opensearch-job-scheduler",
    "opensearch-knn",
    "opensearch-ml",
    "opensearch-neural-search",
)
_SCHEME = "sandbox:"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class SandboxOptions:
    """What a sandbox URL says; durations in seconds, rates from 0 to 1.

    `lost_rate`: the answer is dropped after the request took effect. `reset_rate`: the connection
    is reset before it does. `crash_rate`: the process is killed, before or after. `delay_rate`:
    the request takes up to `delay` longer than the others. `deploy_fail`: a pattern (`bad-*`) of
    model names whose deployment fails; `register` and `register_fail` are the same for registering
    local models.
    """

    path: Path | None = None
    latency: float = 0.0
    error_rate: float = 0.0
    lost_rate: float = 0.0
    reset_rate: float = 0.0
    crash_rate: float = 0.0
    delay_rate: float = 0.0
    delay: float = 1.0
    seed: int = 0
    plugins: tuple[str, ...] | None = None
    deploy: float = 0.15
    deploy_fail: str | None = None
    register: float = 0.15
    register_fail: str | None = None
    version: str = "3.6.0"

    def at(self, default: Path) -> SandboxOptions:
        """These options with a path: their own, else `default`."""
        return self if self.path is not None else replace(self, path=default)

    @property
    def faulty(self) -> bool:
        """Whether any request may fail on purpose."""
        return any(
            (self.error_rate, self.lost_rate, self.reset_rate, self.crash_rate, self.delay_rate)
        )


def _duration(text: str) -> float:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("is not a duration")
    return float(found[1]) * _SECONDS[found[2]]


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise ValueError("is not a number") from None
    if not 0 <= rate <= 1:
        raise ValueError("is not between 0 and 1")
    return rate


def _seed(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise ValueError("is not a whole number")
    return int(text)


def _plugins(text: str) -> tuple[str, ...]:
    # Custom plugins are welcome: a template may ask for one that only some clusters have.
    return tuple(name for name in text.split(",") if name)


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError("is not a version")
    return text


_OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "latency": (_duration, "50ms"),
    "error_rate": (_rate, "0.1"),
    "lost_rate": (_rate, "0.1"),
    "reset_rate": (_rate, "0.1"),
    "crash_rate": (_rate, "0.01"),
    "delay_rate": (_rate, "0.1"),
    "delay": (_duration, "1s"),
    "seed": (_seed, "7"),
    "plugins": (_plugins, "opensearch-ml,opensearch-knn"),
    "deploy": (_duration, "150ms"),
    "deploy_fail": (str, "bad-*"),
    "register": (_duration, "150ms"),
    "register_fail": (str, "bad-*"),
    "version": (_version, "3.6.0"),
}


def _example(name: str) -> str:
    return f"sandbox:?{name}={_OPTIONS[name][1]}"


def _unknown(name: str) -> ValueError:
    near = difflib.get_close_matches(name, _OPTIONS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}, as in {_example(near[0])}" if near else ""
    known = f"known are {', '.join(_OPTIONS)}, as in {_example('latency')}"
    return ValueError(f"the sandbox has no option {name or '(empty)'}; {hint or known}")


def parse_options(url: str) -> SandboxOptions:
    """Read a sandbox URL; raises ValueError with a sentence that names the option."""
    if not url.startswith(_SCHEME):
        raise ValueError(f"{url} is not a sandbox URL; write sandbox: or sandbox:PATH")
    place, _, query = url.removeprefix(_SCHEME).partition("?")
    found: dict[str, Any] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = (unquote(part) for part in pair.partition("="))
        if name not in _OPTIONS:
            raise _unknown(name)
        if name in found:
            raise ValueError(f"the sandbox option {name} is given twice; write it once")
        read, _example_value = _OPTIONS[name]
        try:
            found[name] = read(value)
        except ValueError as error:
            raise ValueError(
                f"the sandbox option {name}: {value or '(empty)'} {error}; "
                f"write for example {_example(name)}"
            ) from None
    rates = [name for name in found if name.endswith("_rate")]
    if sum(found[name] for name in rates) > 1:
        raise ValueError(
            f"the sandbox options {', '.join(rates)} add up to more than 1; "
            f"write for example {_example(rates[0])}"
        )
    return SandboxOptions(path=Path(unquote(place)) if place else None, **found)
