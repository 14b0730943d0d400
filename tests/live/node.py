"""Starts a real OpenSearch with ML Commons on a free port of this machine, and ends it again.

    python -m tests.live.node        one for development: prints its URL, ends on Ctrl-C

Only what was started here is ever ended. It must not know flowplan.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.live.assemble import cache, can_enter, distribution, unprivileged

OLDEST_JAVA = 21
HEAP = os.environ.get("FLOWPLAN_OPENSEARCH_HEAP", "1g")
READY_SECONDS = 300.0
STARTS = 5
# Ends the node when its own input ends: however the tests end, the node does not outlive them.
LEASH = """
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ read -r _ <&3; kill "$child" 2>/dev/null; } &
exec 3<&-
wait "$child"
"""


@contextmanager
def running() -> Iterator[str]:
    """A node that answers; gives its URL. Skips where there is no mvn or no fitting JDK."""
    jdk, home = java(), distribution()
    sweep()
    for attempt in range(STARTS):
        node = Node(home, jdk)
        try:
            node.start()
            if not node.confuses_connectors() or attempt + 1 == STARTS:
                yield node.url
                return
        finally:
            node.stop()


def sweep() -> None:
    """Delete what tests that were killed left: their nodes ended with them."""
    for owner in cache().glob("run-*/owner"):
        if not Path("/proc", owner.read_text()).exists() and Path("/proc/self").exists():
            shutil.rmtree(owner.parent, ignore_errors=True)


class Node:
    """One start of OpenSearch, with data and logs in a directory of its own."""

    def __init__(self, home: Path, jdk: Path) -> None:
        self.home = home
        self.jdk = jdk
        self.port, self.transport = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.place = Path(tempfile.mkdtemp(prefix="run-", dir=cache()))
        (self.place / "owner").write_text(str(os.getpid()))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._configure()
        user = unprivileged()
        if user is not None:
            for path in (self.place, *self.place.rglob("*")):
                os.chown(path, user, -1)
        with (self.place / "logs/console.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", LEASH, "opensearch", str(self.home / "bin/opensearch")],
                stdin=subprocess.PIPE, stdout=log, stderr=log, user=user, start_new_session=True,
                cwd=self.place, env=self._environment(), extra_groups=None if user is None else [],
            )  # fmt: skip
        self._await()

    def stop(self) -> None:
        process = self.process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    # The session that this object opened, and nothing else.
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(30)
        shutil.rmtree(self.place, ignore_errors=True)

    def confuses_connectors(self) -> bool:
        """Whether this run of the node takes every connector for used by every model.

        ML Commons compares parts of ids between dashes, and a part is the same for all ids of a
        run: with a dash on both sides of it, no unused connector can be deleted. That is a
        defect of the cluster and no test of flowplan.
        """
        ids = [self._id_of_a_connector() for _ in range(2)]
        for ident in ids:
            call(f"{self.url}/_plugins/_ml/connectors/{ident}", "DELETE")
        first, second = ({part for part in ident.lower().split("-") if part} for ident in ids)
        return bool(first & second)

    def _id_of_a_connector(self) -> str:
        action = {"action_type": "predict", "method": "POST", "url": f"{self.url}/x"}
        body = {
            "name": "two ids are compared", "version": "1", "protocol": "http",
            "credential": {"key": "none"}, "actions": [action],
        }  # fmt: skip
        answer = call(f"{self.url}/_plugins/_ml/connectors/_create", "POST", body)
        return str(answer["connector_id"])

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.place),
            "OPENSEARCH_JAVA_HOME": str(self.jdk),
            "OPENSEARCH_PATH_CONF": str(self.place / "config"),
            "OPENSEARCH_TMPDIR": str(self.place / "tmp"),
        }

    def _configure(self) -> None:
        self.place.chmod(0o755)
        for name in ("data", "logs", "tmp"):
            (self.place / name).mkdir()
        config = self.place / "config"
        shutil.copytree(self.home / "config", config)
        options = config / "jvm.options"
        # Its relative paths lead into the shared directory, where nothing may be written.
        kept = [line for line in options.read_text().splitlines() if "gc.log" not in line]
        text = "\n".join(kept).replace("=logs/", f"={self.place}/logs/")
        options.write_text(text.replace("HeapDumpPath=data", f"HeapDumpPath={self.place}/logs"))
        own = config / "jvm.options.d"
        own.mkdir(exist_ok=True)
        # The first compiler only: a short-lived node is ready sooner and takes less of the cores.
        (own / "tests.options").write_text(f"-Xms{HEAP}\n-Xmx{HEAP}\n-XX:TieredStopAtLevel=1\n")
        settings = {
            "cluster.name": "flowplan-tests",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self.transport,
            "path.data": str(self.place / "data"),
            "path.logs": str(self.place / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": False,
            "plugins.ml_commons.only_run_on_ml_node": False,
            "plugins.ml_commons.native_memory_threshold": 100,
            "plugins.ml_commons.jvm_heap_memory_threshold": 100,
            "plugins.ml_commons.disk_free_space_threshold": -1,
            "plugins.ml_commons.trusted_connector_endpoints_regex": [".*"],
            "plugins.ml_commons.connector.private_ip_enabled": True,
        }
        (config / "opensearch.yml").write_text(
            "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
        )

    def _await(self) -> None:
        assert self.process is not None
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                self._fail(f"OpenSearch ended with status {self.process.returncode}")
            with suppress(OSError, ValueError):
                answer = call(f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=2s")
                if answer.get("timed_out") is False:
                    return
            time.sleep(0.5)
        self._fail(f"OpenSearch was not ready within {READY_SECONDS:g} s")

    def _fail(self, why: str) -> None:
        log = (self.place / "logs/console.log").read_text("utf-8", "replace").splitlines()
        pytest.fail("\n".join([why, *log[-25:]]), pytrace=False)


def call(url: str, method: str = "GET", body: Any = None) -> Any:
    """One request, as anybody could send it. Raises `OSError` on an error status, too."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json"} if data else {}, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all open at once so that they differ."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(item.getsockname()[1]) for item in listeners]
    for item in listeners:
        item.close()
    return ports


def java() -> Path:
    """A JDK that OpenSearch takes and its user can run. Skips when there is none."""
    named = os.environ.get("FLOWPLAN_OPENSEARCH_JAVA_HOME"), os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    places = [Path(name) for name in named if name]
    places += [Path(on_path).resolve().parents[1]] if on_path else []
    places += sorted(Path("/usr/lib/jvm").glob("*"))
    for place in places:
        usable = (place / "bin/java").is_file() and can_enter(place.resolve())
        if usable and java_version(place) >= OLDEST_JAVA:
            return place.resolve()
    pytest.skip(f"OpenSearch needs Java {OLDEST_JAVA} or newer: set FLOWPLAN_OPENSEARCH_JAVA_HOME")


def java_version(place: Path) -> int:
    """The feature version of a JDK: 21 of `openjdk version "21.0.2"`; 0 when it says none."""
    done = subprocess.run(
        [str(place / "bin/java"), "-version"], capture_output=True, text=True, check=False
    )
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running() as started:
        print(started, flush=True)
        signal.pause()
