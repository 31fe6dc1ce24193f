"""ECS services run as child processes `python -m containers.<name>` with their task's environment and secrets.

MiniStack says "running" and runs nothing. A process that dies is started again, later each time; SIGTERM ends them all.
They wait for `start()`, so that a service never reads a secret that has not been seeded yet.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from local.emulator import placeholders
from local.emulator.pinned import private
from local.emulator.settings import CREDENTIALS, Settings

log = logging.getLogger("local.services")

STOP_SECONDS = 20
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
_SIGNAL_WHEN_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a service: what to run, in what environment; `secrets` maps a variable to its reference."""

    service: str
    module: str
    environment: dict[str, str]
    secrets: dict[str, str]
    count: int = 1

    @property
    def name(self) -> str:
        return self.module.rpartition(".")[2]


@dataclass(slots=True)
class Running:
    """What the status page shows of one process."""

    name: str
    pid: int | None = None
    starts: int = 0
    since: float = 0.0
    last_exit: int | None = None


@dataclass(slots=True)
class _Supervised:
    container: Container
    running: Running
    stopping: threading.Event = field(default_factory=threading.Event)
    process: subprocess.Popen[bytes] | None = None
    thread: threading.Thread | None = None


class Services:
    """All services of the account: known by their ARN, kept in a file over a restart, run while `start`ed."""

    def __init__(self, settings: Settings, secret: Callable[[str], str]) -> None:
        self._settings = settings
        self._secret = secret
        self._file = Path(settings.state) / "services.json"
        known = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._containers = {arn: [Container(**one) for one in ones] for arn, ones in known.items()}
        self._supervised: dict[str, list[_Supervised]] = {}
        self._started = False
        self._lock = threading.RLock()

    def put(self, arn: str, containers: list[Container]) -> None:
        """The service `arn` is to be these; running ones are replaced."""
        with self._lock:
            if self._containers.get(arn) == containers:
                return
            self._containers[arn] = containers
            self._keep()
            if self._started:
                self._stop_service(arn)
                self._start_service(arn)

    def remove(self, arn: str) -> None:
        with self._lock:
            self._containers.pop(arn, None)
            self._keep()
            self._stop_service(arn)

    def start(self) -> None:
        """Start what does not run; does nothing the second time."""
        with self._lock:
            self._started = True
            for arn in self._containers:
                if arn not in self._supervised:
                    self._start_service(arn)

    def restart(self) -> None:
        """Stop all and start them again, with secrets read anew."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to those that are still there after 20 s."""
        with self._lock:
            self._started = False
            for arn in list(self._supervised):
                self._stop_service(arn, wait=False)
            for arn in list(self._supervised):
                self._stop_service(arn)

    def report(self) -> list[dict[str, Any]]:
        """name, pid (None: does not run), starts, since (epoch seconds) and last_exit of each process."""
        with self._lock:
            return [asdict(one.running) for group in self._supervised.values() for one in group]

    def _keep(self) -> None:
        self._file.write_text(json.dumps({arn: [asdict(c) for c in cs] for arn, cs in self._containers.items()}))

    def _start_service(self, arn: str) -> None:
        group = []
        for container in self._containers[arn]:
            for number in range(container.count):
                name = container.name if number == 0 else f"{container.name}-{number + 1}"
                one = _Supervised(container, Running(name))
                one.thread = threading.Thread(target=self._supervise, args=(one,), daemon=True, name=f"service-{name}")
                one.thread.start()
                group.append(one)
        self._supervised[arn] = group

    def _stop_service(self, arn: str, *, wait: bool = True) -> None:
        group = self._supervised.get(arn, [])
        for one in group:
            one.stopping.set()
            if one.process is not None and one.process.poll() is None:
                one.process.terminate()
        if wait:
            deadline = time.monotonic() + STOP_SECONDS
            for one in group:
                _end(one.process, deadline)
                if one.thread is not None:
                    one.thread.join(timeout=5)
            self._supervised.pop(arn, None)

    def _supervise(self, one: _Supervised) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not one.stopping.is_set():
            began = time.monotonic()
            try:
                environment = self._environment(one.container)
            except Exception as error:
                log.warning("%s waits for its secrets: %s", one.running.name, error)
            else:
                one.running.last_exit = self._run_once(one, environment)
                one.running.pid = None
            if one.stopping.is_set():
                return
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            log.warning("%s ended (%s), again in %.0f s", one.running.name, one.running.last_exit, pause)
            one.stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _run_once(self, one: _Supervised, environment: dict[str, str]) -> int:
        one.process = subprocess.Popen(
            [self._settings.application_python, "-m", one.container.module],
            cwd=self._settings.repository,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        one.running.pid, one.running.since = one.process.pid, time.time()
        one.running.starts += 1
        if one.stopping.is_set():
            one.process.terminate()
        assert one.process.stdout is not None
        with (Path(self._settings.logs) / f"{one.running.name}.log").open("ab", buffering=0) as log_file:
            for line in one.process.stdout:
                # CloudWatch would know when each line came; a file must be told.
                stamp = datetime.now(UTC).isoformat(timespec="milliseconds").encode()
                log_file.write(stamp + b" " + line)
        return one.process.wait()

    def _environment(self, container: Container) -> dict[str, str]:
        # Here a process that lives is healthy, and all would ask for the same port.
        own = {name: value for name, value in container.environment.items() if name != "HEALTH_PORT"}
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._settings.gateway_port}",
            **{key: value for key, value in os.environ.items() if key.startswith("AWS_ENDPOINT_URL_")},
            **CREDENTIALS,
            **own,
            **{name: self._secret(reference) for name, reference in container.secrets.items()},
        }


def install(settings: Settings, secret: Callable[[str], str]) -> Services:
    """Follow task definitions and services through CloudFormation; `secret` reads a task's secret reference."""
    services = Services(settings, secret)
    handlers = placeholders.handlers()
    service = handlers["AWS::ECS::Service"]
    definitions = private(ecs, "_task_defs")
    private(provisioners, "_ecs_service_create")

    def follow(arn: str, properties: dict[str, Any]) -> None:
        definition = definitions.get(str(properties["TaskDefinition"]).rpartition("task-definition/")[2]) or {}
        count = int(properties.get("DesiredCount", 1))
        services.put(
            arn,
            [
                container
                for one in definition.get("containerDefinitions", [])
                if (container := _container(arn, one, count)) is not None
            ],
        )

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        arn, attributes = service["create"](logical_id, properties, stack)
        follow(arn, properties)
        return arn, attributes

    def update(arn: str, old: Any, new: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        answer: tuple[str, dict[str, Any]] = service["update"](arn, old, new, stack)
        follow(arn, new)
        return answer

    def delete(arn: str, properties: dict[str, Any]) -> None:
        services.remove(arn)
        service["delete"](arn, properties)

    handlers["AWS::ECS::Service"] = {**service, "create": create, "update": update, "delete": delete}
    return services


def _container(arn: str, definition: dict[str, Any], count: int) -> Container | None:
    """The process a container definition stands for; None for sidecars, which have no module here."""
    words = [*(definition.get("entryPoint") or []), *(definition.get("command") or [])]
    named = [word for word in words if word.startswith("containers.")]
    module = named[0] if named else f"containers.{definition['name']}"
    if not (Path(__file__).resolve().parents[2] / module.replace(".", "/")).exists():
        return None
    return Container(
        service=arn,
        module=module,
        environment={str(one["name"]): str(one["value"]) for one in definition.get("environment") or []},
        secrets={str(one["name"]): str(one["valueFrom"]) for one in definition.get("secrets") or []},
        count=count,
    )


def _end(process: subprocess.Popen[bytes] | None, deadline: float) -> None:
    if process is None:
        return
    try:
        process.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        log.warning("process %s does not end: killed", process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    assert _libc is not None
    _libc.prctl(_SIGNAL_WHEN_PARENT_DIES, signal.SIGTERM)
