"""Which endpoint answers a request, and what a node says when none does.

A family of endpoints adds itself by a tuple of `Route`; must not know any family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flowplan.dataclass import dataclass, replace
from flowplan.providers.sandbox import wire
from flowplan.providers.sandbox.node import Node
from flowplan.providers.sandbox.wire import Reply, Request

__all__ = ["Handler", "Route", "RouteTable"]

Handler = Callable[[Node, Request], Reply]
# Parameters that every endpoint of a real node takes.
_ALWAYS = frozenset({"pretty", "human", "error_trace", "filter_path", "source_content_type"})


@dataclass(frozen=True)
class Route:
    """One method of one path; `{name}` in the path stands for one segment."""

    method: str
    path: str
    handler: Handler
    action: str = "indices:monitor/main"
    params: frozenset[str] = frozenset()
    reads: bool = False

    @property
    def key(self) -> str:
        """How `SandboxApp.counts` names it."""
        return f"{self.method} {self.path}"

    @property
    def plugin(self) -> str | None:
        """The plugin without which a node has no such endpoint."""
        return "opensearch-ml" if self.path.startswith("/_plugins/_ml/") else None


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    args: dict[str, str] = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{"):
            # Only plain names stand for a segment: `/_nope` is no index, and an id is never empty.
            if not segment or (part == "{index}" and segment.startswith("_")):
                return None
            args[part[1:-1]] = segment
        elif part != segment:
            return None
    return args


class RouteTable:
    """All routes, looked up by path; literal segments win over placeholders."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._patterns: dict[int, dict[tuple[str, ...], dict[str, Route]]] = {}
        for route in routes:
            pattern = tuple(route.path.split("/"))
            same_length = self._patterns.setdefault(len(pattern), {})
            same_length.setdefault(pattern, {})[route.method] = route
        for length, found in self._patterns.items():
            ordered = sorted(found, key=lambda parts: [part.startswith("{") for part in parts])
            self._patterns[length] = {pattern: found[pattern] for pattern in ordered}

    def find(self, request: Request) -> tuple[Route | None, Request, Mapping[str, Route]]:
        """The route, the request with its placeholders, and the methods that the path has."""
        segments = tuple(request.path.split("/"))
        for pattern, methods in self._patterns.get(len(segments), {}).items():
            args = _match(pattern, segments)
            if args is not None:
                found = replace(request, args=args)
                return methods.get(request.method), found, methods
        return None, request, {}


def refuse(request: Request, methods: Mapping[str, Route]) -> Reply:
    """The answer when no route fits (transcript 09, calls 78 and 79)."""
    allowed = ", ".join(sorted(methods))
    if request.method == "OPTIONS" and methods:
        return Reply(wire.OK, None, headers={"Allow": ",".join(sorted(methods))})
    if not methods:
        text = f"no handler found for uri [{request.uri}] and method [{request.method}]"
        return Reply(wire.BAD_REQUEST, {"error": text})
    text = (
        f"Incorrect HTTP method for uri [{request.uri}] and method [{request.method}], "
        f"allowed: [{allowed}]"
    )
    body = {"error": text, "status": wire.METHOD_NOT_ALLOWED}
    return Reply(wire.METHOD_NOT_ALLOWED, body, headers={"Allow": allowed.replace(" ", "")})


def check_params(route: Route, request: Request) -> None:
    """Refuse parameters that the endpoint does not read (transcript 09, call 80)."""
    unknown = sorted(set(request.query) - route.params - _ALWAYS)
    if unknown:
        names = ", ".join(f"[{name}]" for name in unknown)
        plural = "s" if len(unknown) > 1 else ""
        raise wire.illegal_argument(
            f"request [{request.path}] contains unrecognized parameter{plural}: {names}"
        )
