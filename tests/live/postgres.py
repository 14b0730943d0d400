"""Starts a real PostgreSQL on a free port of this machine, and ends it again.

    python -m tests.live.postgres        one for development: prints a URL, ends on Ctrl-C

It takes the newest server that is installed here; as root it runs as an unprivileged user.
Only what was started here is ever ended. It must not know flowplan.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.live.assemble import can_enter, unprivileged
from tests.live.node import LEASH, free_ports

READY_SECONDS = 30.0
USER, DATABASE = "flowplan", "postgres"


@contextmanager
def start() -> Iterator[Callable[[str], str]]:
    """A server that answers; gives the maker of locations. Skips where none is installed."""
    with running() as server:
        yield server.url


@contextmanager
def running() -> Iterator[Server]:
    """A server with an empty database, that wants a password."""
    server = Server(binaries())
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Server:
    """One start of PostgreSQL, with its data in a directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (self.port,) = free_ports(1)
        self.password = f"pw-{secrets.token_hex(8)}"
        self.place = Path(tempfile.mkdtemp(prefix="flowplan-pg-"))
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, name: str) -> str:
        """The location of a state: another name is another one."""
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}?key={name}"

    def start(self) -> None:
        secret, data = self.place / "password", self.place / "data"
        secret.write_text(self.password)
        self.user = unprivileged()
        if self.user is not None:
            for path in (self.place, secret):
                os.chown(path, self.user, -1)
        initdb = [
            str(self.home / "initdb"), "-D", str(data), "-U", USER, "-A", "scram-sha-256",
            f"--pwfile={secret}", "--no-sync", "--no-locale", "-E", "UTF8",
        ]  # fmt: skip
        made = subprocess.run(
            initdb, capture_output=True, text=True, check=False, cwd=self.place,
            stdin=subprocess.DEVNULL, user=self.user,
            extra_groups=None if self.user is None else [],
        )  # fmt: skip
        if made.returncode:
            pytest.fail(f"initdb: {made.stderr}", pytrace=False)
        self.launch()

    def launch(self) -> None:
        """Start the server on its data."""
        serve = [
            str(self.home / "postgres"), "-D", str(self.place / "data"), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "fsync=on", "-c", "max_connections=60",
        ]  # fmt: skip
        with (self.place / "log").open("ab") as log:
            self.process = subprocess.Popen(
                # "Fast" for a server is SIGINT; what the leash sends waits for every client.
                ["bash", "-c", LEASH.replace('kill "$child"', 'kill -INT "$child"'), "pg", *serve],
                stdin=subprocess.PIPE, stdout=log, stderr=log, user=self.user,
                start_new_session=True, cwd=self.place,
                extra_groups=None if self.user is None else [],
            )  # fmt: skip
        self._await()

    def halt(self) -> None:
        """End the server, and leave its data."""
        process, self.process = self.process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                # The session that this object opened, and nothing else.
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)

    def stop(self) -> None:
        self.halt()
        shutil.rmtree(self.place, ignore_errors=True)

    def _await(self) -> None:
        assert self.process is not None
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            ready = subprocess.run(
                [str(self.home / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                check=False,
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        log = (self.place / "log").read_text("utf-8", "replace").splitlines()
        pytest.fail("\n".join(["PostgreSQL did not start", *log[-25:]]), pytrace=False)


def binaries() -> Path:
    """The directory of a server's programs that its user can run. Skips when there is none."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    config = shutil.which("pg_config")
    if config:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        places.append(Path(told.stdout.strip()))
    on_path = shutil.which("postgres")
    places += [Path(on_path).resolve().parent] if on_path else []
    for place in places:
        wanted = ("postgres", "initdb", "pg_isready")
        if all((place / name).is_file() for name in wanted) and can_enter(place.resolve()):
            return place
    pytest.skip("no PostgreSQL server is installed here: postgres, initdb, pg_isready")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running() as started:
        print(started.url("default"), flush=True)
        signal.pause()
