"""Starts a real S3-compatible server on a free port of this machine, and ends it again.

    python -m tests.live.s3        one for development: prints its environment, ends on Ctrl-C

Versity's gateway keeps objects as files and enforces conditional writes. It is built once, from
the Go module proxy, into the cache directory. Only what was started here is ever ended. It must
not know flowplan.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.assemble import cache
from tests.live.node import LEASH, free_ports

MODULE = "github.com/versity/versitygw"
VERSION = "v1.8.0"
OLDEST_GO = (1, 25)
BUILD_SECONDS = 900
READY_SECONDS = 30.0
BUCKET = "states"
REGION = "eu-central-1"
# The same for all servers of these tests: the environment has room for one account.
ACCESS = "AKIA" + secrets.token_hex(8).upper()
SECRET = secrets.token_hex(20)


@contextmanager
def start() -> Iterator[Callable[[str], str]]:
    """A server that answers, its credentials in the environment; gives the maker of locations.

    Skips where there is no Go to build it with.
    """
    with running() as server, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield server.url


@contextmanager
def running() -> Iterator[Server]:
    """A server with an empty bucket `BUCKET`."""
    server = Server(binary())
    try:
        server.start()
        yield server
    finally:
        server.stop()


@dataclass
class Server:
    """One start of the gateway, with its objects in a directory of its own."""

    program: Path

    def __post_init__(self) -> None:
        (self.port,) = free_ports(1)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.place = Path(tempfile.mkdtemp(prefix="run-", dir=cache()))
        (self.place / "owner").write_text(str(os.getpid()))
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, name: str) -> str:
        """Where a state of that name is kept."""
        return f"s3://{BUCKET}/{name}?region={REGION}&endpoint={self.endpoint}"

    def environment(self) -> dict[str, str]:
        """What a client needs, and nothing of whoever runs the tests."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self.place / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.place / "none"),
        }

    def start(self) -> None:
        (self.place / "objects" / BUCKET).mkdir(parents=True)
        try:
            # Kept elsewhere, an ETag changes before the object that it stands for.
            os.setxattr(self.place / "objects", "user.flowplan", b"tried")
        except OSError:
            pytest.skip(f"an S3 server keeps ETags in attributes that {cache()} has no room for")
        command = [
            str(self.program), "--port", f"127.0.0.1:{self.port}", "--region", REGION,
            "--quiet", "--keep-alive", "posix", str(self.place / "objects"),
        ]  # fmt: skip
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.place),
            "ROOT_ACCESS_KEY": ACCESS,
            "ROOT_SECRET_KEY": SECRET,
        }
        with (self.place / "console.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", LEASH, "versitygw", *command],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment,
                cwd=self.place, start_new_session=True,
            )  # fmt: skip
        self._await()

    def stop(self) -> None:
        process = self.process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    # The session that this object opened, and nothing else.
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(2)
        shutil.rmtree(self.place, ignore_errors=True)

    def _await(self) -> None:
        assert self.process is not None
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.02)
        log = (self.place / "console.log").read_text("utf-8", "replace")
        pytest.fail(f"the S3 server did not start:\n{log[-2000:]}", pytrace=False)


def binary() -> Path:
    """The server's program; built with Go when it is not there yet. Skips without Go."""
    base = cache()
    program = base / f"versitygw-{VERSION}" / "versitygw"
    with (base / ".lock-s3").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            _build(base, program)
    return program


def _build(base: Path, program: Path) -> None:
    go = shutil.which("go")
    if go is None or _version(go) < OLDEST_GO:
        wanted = ".".join(map(str, OLDEST_GO))
        pytest.skip(f"a real S3 server is built with Go {wanted} or newer, which is missing")
    with tempfile.TemporaryDirectory(prefix=".build-", dir=base) as work:
        done = subprocess.run(
            [go, "install", f"{MODULE}/cmd/versitygw@{VERSION}"],
            env={**os.environ, "GOBIN": work}, capture_output=True, text=True, check=False,
            timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            said = "\n".join(done.stderr.strip().splitlines()[-10:])
            pytest.skip(f"go can't build the S3 server:\n{said}")
        program.parent.mkdir(exist_ok=True)
        (Path(work) / "versitygw").rename(program)


def _version(go: str) -> tuple[int, ...]:
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def build() -> str:
    """Have the server before tests wait for it; what came of it, in words."""
    try:
        return f"the S3 server for the tests is {binary().parent.name}"
    except pytest.skip.Exception as reason:
        return f"tests on S3 will be skipped: {reason}"


if __name__ == "__main__":
    if sys.argv[1:] == ["build"]:
        sys.exit(print(build()))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), running() as started:
        for name, value in started.environment().items():
            print(f"export {name}={value}")
        print(f"# {started.url('NAME')}", flush=True)
        signal.pause()
