"""The laptop's cloud: everything started in order for one state folder and one set of ports, and ended again.

PostgreSQL, the simulators and the emulator start while the CDK app is synthesised; then the app is deployed (only when
its sources changed), seeded, and its services start. Where it is, is written down for `local.connected`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local import postgres, processes, seed
from local.connected import Connected
from local.deployment import REPOSITORY, Deployment
from local.emulator.settings import CREDENTIALS, Settings
from local.ports import Ports, command, holder, in_use

EMULATOR_PYTHON = REPOSITORY / "build" / "emulator" / "bin" / "python"
READY_SECONDS = 30
LEFTOVER_SECONDS = 30.0
# Kept in the emulator's own state, so that it is lost together with what was deployed.
FINGERPRINT_PARAMETER = "/local/deployed"

type Say = Callable[[str], None]


class AlreadyRuns(Exception):
    """Another process runs the cloud of this state folder."""


@dataclass(slots=True)
class Cloud:
    """`durable=False` (tests) gives up fsync; `config` changes lines of config/local.toml, values as TOML has them.

    `settled`: wait for the whole catalogue too, not only until requests can be answered. `problems` is what could not
    be seeded.
    """

    state: Path
    ports: Ports = field(default_factory=Ports)
    durable: bool = True
    config: Mapping[str, str] = field(default_factory=dict)
    settled: bool = True
    say: Say = print
    problems: list[str] = field(default_factory=list)
    _children: list[processes.Child] = field(default_factory=list)
    _database: postgres.Server | None = None
    _lock: IO[str] | None = None
    _began: float = 0.0
    # A child is ended with the thread that started it, so those started later get a thread that stays.
    _starter: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "starter"))

    def start(self) -> Connected:
        """Start all parts and return when the first request can be answered; if one fails, end those that started."""
        self._began = time.monotonic()
        self.state = self.state.absolute()
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything that `start` started: the emulator with its services first, the database last."""
        for child in reversed(self._children):
            child.stop()
        self._children.clear()
        if self._database:
            self._database.stop("fast" if self.durable else "immediate")
            self._database = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def broken(self) -> list[str]:
        """The parts that ended by themselves."""
        return [child.name for child in self._children if not child.alive]

    def kill_database(self) -> None:
        """SIGKILL to PostgreSQL and all its processes."""
        assert self._database is not None
        self._database.kill()

    def kill_services_and_emulator(self) -> None:
        """SIGKILL to the services, the gateway and every Lambda process. Only the outside parties' stand-ins live on.

        What the emulator has not saved is gone: messages, executions, captured mail. AWS would have kept all of that.
        """
        emulator = next(child for child in self._children if child.name == "emulator")
        services = Connected(self.state, self.ports).emulator("GET", "/_local/services")
        for pid in filter(None, (service["pid"] for service in services)):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self._children.remove(emulator)
        emulator.kill()

    def revive(self) -> None:
        """Start what was killed again on the same data; back when the gateway answers. Raises as `start` does."""
        self._starter.submit(self._revive).result()

    def revive_database(self) -> None:
        """Start the database that was killed again, on the same data; the rest has run on without it."""
        self._starter.submit(self._start_database).result()

    def _revive(self) -> None:
        self._start_database()
        self._start_emulator()
        Connected(self.state, self.ports).emulator("POST", "/_local/services/start")

    def _start(self) -> Connected:
        self._take_lock()
        self._end_leftovers()
        self.ports.require_free()
        self._forget_unfinished()
        clock = self.state / "clock.json"
        if not clock.exists():
            clock.write_text('{"shift_seconds": 0}')
        deployment = Deployment(self.state, self.ports, self.config)
        # The synth needs nothing of the cloud and takes longest: it runs while the rest starts.
        synth = None if self._looks_deployed(deployment) else self._child(deployment.start_synth())
        self._start_database()
        self._start_simulators()
        self._start_portal()
        self._start_emulator()
        self._tell("PostgreSQL, the simulators and the emulator are up")
        connected = Connected(self.state, self.ports)
        (self.state / "connection.json").write_text(json.dumps({"ports": asdict(self.ports)}))
        fresh = self._deploy(deployment, synth, connected)
        catalogue = seed.seed(connected, self._tell, self.problems) if fresh else None
        connected.emulator("POST", "/_local/services/start")
        if catalogue:
            finish = threading.Thread(target=self._finish, args=(catalogue, deployment, connected), daemon=True)
            finish.start()
            if self.settled:
                finish.join()
        self._tell("ready")
        return connected

    def _tell(self, what: str) -> None:
        self.say(f"{time.monotonic() - self._began:6.1f} s  {what}")

    def _child(self, child: processes.Child) -> processes.Child:
        self._children.append(child)
        return child

    def _take_lock(self) -> None:
        (self.state / "logs").mkdir(parents=True, exist_ok=True)
        lock = (self.state / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise AlreadyRuns(f"the local cloud of {self.state} already runs as process {holder}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _end_leftovers(self) -> None:
        """A killed run leaves PostgreSQL behind, which is nobody's child, and what is still ending."""
        data = self.state / "postgresql"
        if (data / "postmaster.pid").exists():
            with suppress(RuntimeError):
                postgres.Server(data, self.ports.database).stop("fast")
        for port in self.ports.named().values():
            pid = holder(port)
            if pid and str(self.state) in command(pid):
                processes.end(pid, LEFTOVER_SECONDS)

    def _forget_unfinished(self) -> None:
        """A first start that never came to its end left parts that do not know each other: begin anew."""
        if not (self.state / "fingerprint").exists():
            for name in ("postgresql", "emulator"):
                shutil.rmtree(self.state / name, ignore_errors=True)
            for file in self.state.glob("*.sqlite*"):
                file.unlink()
            (self.state / "clock.json").unlink(missing_ok=True)
        for name in ("portal", "emulator", *seed.SIMULATORS):
            (self.state / "logs" / f"{name}.log").unlink(missing_ok=True)

    def _looks_deployed(self, deployment: Deployment) -> bool:
        known = self.state / "fingerprint"
        return known.exists() and known.read_text() == deployment.fingerprint and deployment.outputs_file.exists()

    def _start_database(self) -> None:
        self._database = postgres.start(self.state / "postgresql", self.ports.database, durable=self.durable)

    def _start_simulators(self) -> None:
        for name in seed.SIMULATORS:
            port = self.ports.named()[name]
            command = [sys.executable, "-m", f"local.simulators.{name}"]
            child = processes.start(
                name.replace("_", " "),
                [*command, "--port", str(port), "--database", str(self.state / f"{name}.sqlite")],
                cwd=REPOSITORY,
                environment={
                    **os.environ,
                    # Textract reads what it is to read in the bucket.
                    **CREDENTIALS,
                    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.ports.gateway}",
                    "LOCAL_CLOCK_FILE": str(self.state / "clock.json"),
                },
                log=self.state / "logs" / f"{name}.log",
            )
            self._child(child)

    def _start_portal(self) -> None:
        ports = json.dumps(asdict(self.ports))
        self._child(
            processes.start(
                "portal",
                [sys.executable, "-m", "local.portal", str(self.state), ports],
                cwd=REPOSITORY,
                environment=os.environ,
                log=self.state / "logs" / "portal.log",
            )
        )

    def _start_emulator(self) -> None:
        settings = Settings(
            gateway_port=self.ports.gateway,
            database_port=self.ports.database,
            state=str(self.state / "emulator"),
            logs=str(self.state / "logs"),
            repository=str(REPOSITORY),
            application_python=str(REPOSITORY / ".venv" / "bin" / "python"),
            mail_port=self.ports.mail,
            textract_port=self.ports.textract,
            glue_port=self.ports.glue,
            redshift_port=self.ports.redshift,
            sagemaker_port=self.ports.sagemaker,
        )
        file = self.state / "emulator.json"
        settings.write(file)
        self._child(
            processes.start(
                "emulator",
                [str(EMULATOR_PYTHON), "-m", "local.emulator", str(file)],
                cwd=REPOSITORY,
                environment={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
                log=self.state / "logs" / "emulator.log",
                grace_seconds=30,
            )
        )
        listening = {name.replace("_", " "): self.ports.named()[name] for name in seed.SIMULATORS}
        listening |= {"portal": self.ports.portal, "emulator": self.ports.gateway}
        for child in self._children:
            if port := listening.get(child.name):
                child.wait_until(partial(in_use, port), READY_SECONDS)

    def _deploy(self, deployment: Deployment, synth: processes.Child | None, connected: Connected) -> bool:
        """Deploy if needed; whether it was."""
        deployed = _deployed_fingerprint(connected)
        if synth is None and deployed == deployment.fingerprint:
            self._tell("the app is deployed already, its sources have not changed")
            return False
        synth = synth or self._child(deployment.start_synth())
        if deployed is None:
            deployment.bootstrap()
        deployment.finish_synth(synth)
        self._children.remove(synth)
        self._tell("the app is synthesised")
        deployment.deploy()
        placeholders = sum(map(len, connected.placeholders().values()))
        self._tell(f"the app is deployed: {connected.counted_resources()} resources, {placeholders} placeholders")
        return True

    def _finish(self, catalogue: threading.Thread, deployment: Deployment, connected: Connected) -> None:
        """Remember what is deployed and seeded; saved, so that a kill after this loses neither."""
        catalogue.join()
        if self.problems:
            return
        with suppress(httpx.HTTPError, BotoCoreError):  # the cloud was ended meanwhile
            connected.client("ssm").put_parameter(
                Name=FINGERPRINT_PARAMETER, Value=deployment.fingerprint, Type="String", Overwrite=True
            )
            connected.emulator("POST", "/_local/save")
            (self.state / "fingerprint").write_text(deployment.fingerprint)


def _deployed_fingerprint(connected: Connected) -> str | None:
    try:
        return str(connected.client("ssm").get_parameter(Name=FINGERPRINT_PARAMETER)["Parameter"]["Value"])
    except ClientError:
        return None
