"""The local cloud's ports, and who holds one that is taken."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

_LISTEN = "0A"


class PortTaken(Exception):
    """Somebody listens where a part of the local cloud should; the message names the part and the process."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens, on the loopback."""

    gateway: int = 4566
    database: int = 15432
    status: int = 4600
    portal: int = 5173
    manager: int = 5174
    amazon_business: int = 4610
    amazon_pay: int = 4620
    stripe: int = 4630
    textract: int = 4640
    erp: int = 4650
    redshift: int = 4660
    glue: int = 4670
    sagemaker: int = 4680
    mail: int = 4625

    @classmethod
    def free(cls) -> Ports:
        """As many that nobody uses now."""
        probes = [socket.socket() for _ in fields(cls)]
        try:
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            return cls(*(probe.getsockname()[1] for probe in probes))
        finally:
            for probe in probes:
                probe.close()

    def named(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def require_free(self) -> None:
        """Raise PortTaken for every port that is in use."""
        taken = [
            f"  {port} ({name.replace('_', ' ')}): {owner(port)}" for name, port in self.named().items() if in_use(port)
        ]
        if taken:
            raise PortTaken("these ports are taken:\n" + "\n".join(taken))


def in_use(port: int) -> bool:
    """Whether somebody answers on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def owner(port: int) -> str:
    """`process 123: command line` of who listens on `port`, or that it cannot be seen."""
    pid = holder(port)
    return f"process {pid}: {command(pid)}" if pid else "a process that this user may not see"


def holder(port: int) -> int | None:
    """The process that listens on `port`, None if there is none or it cannot be seen."""
    return _pid_on_linux(port) if Path("/proc/net/tcp").exists() else _pid_by_lsof(port)


def command(pid: int) -> str:
    """The command line of a process, empty if it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _pid_on_linux(port: int) -> int | None:
    inodes = set(_listening_inodes(port))
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):
                for handle in (process / "fd").iterdir():
                    with suppress(OSError):
                        if os.readlink(handle) in inodes:
                            return int(process.name)
    return None


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                    yield f"socket:[{columns[9]}]"


def _pid_by_lsof(port: int) -> int | None:
    if not shutil.which("lsof"):
        return None
    found = subprocess.run(
        ["lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"], capture_output=True, text=True, check=False
    ).stdout.split()
    return int(found[0]) if found else None
