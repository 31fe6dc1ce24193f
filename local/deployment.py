"""The unmodified CDK CLI against the emulator: synth, bootstrap, deploy, and only when the app's sources changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from local import processes
from local.emulator.settings import ACCOUNT, CREDENTIALS, REGION
from local.ports import Ports

REPOSITORY = Path(__file__).resolve().parent.parent
# What a deployment depends on; the emulator's patches too, because they decide what a resource becomes.
SOURCES = (
    "app.py",
    "cdk.json",
    "uv.lock",
    "package-lock.json",
    "stacks",
    "cost",
    "lambdas",
    "loyalty",
    "database",
    "containers",
    "local/emulator",
    "local/simulators/mail_signing.py",
)
SYNTH_SECONDS, BOOTSTRAP_SECONDS, DEPLOY_SECONDS = 240, 120, 480

type Outputs = dict[str, str]


class Deployment:
    """The app's deployment into one state folder."""

    def __init__(self, state: Path, ports: Ports, config: Mapping[str, str]) -> None:
        self._state = state
        self._ports = ports
        self._config = state / "config.toml"
        text = _config_text(ports, config)
        state.mkdir(parents=True, exist_ok=True)
        self._config.write_text(text)
        self.fingerprint = _fingerprint(text)

    @property
    def outputs_file(self) -> Path:
        return self._state / "outputs.json"

    def outputs(self) -> Outputs:
        """Every stack's outputs by their name: names are unique over the app."""
        stacks = json.loads(self.outputs_file.read_text())
        return {name: value for outputs in stacks.values() for name, value in outputs.items()}

    def start_synth(self) -> processes.Child:
        """Begin the synth: it needs nothing of the cloud, so it runs while that starts."""
        return self._cdk(
            "synth", "--quiet", "--output", "cdk.out", "--context", "env=local", "--context", f"config={self._config}",
            "--app", f"{REPOSITORY / '.venv/bin/python'} {REPOSITORY / 'app.py'}",
        )  # fmt: skip

    def bootstrap(self) -> None:
        """Make the toolkit's bucket and roles."""
        _finish(self._cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}"), BOOTSTRAP_SECONDS)

    def finish_synth(self, synth: processes.Child) -> None:
        _finish(synth, SYNTH_SECONDS)

    def deploy(self) -> None:
        """Deploy all stacks and write their outputs. Raises processes.Failed with the end of the CLI's output."""
        _finish(
            self._cdk(
                "deploy",
                "--all",
                "--app",
                "cdk.out",
                "--require-approval",
                "never",
                "--concurrency",
                "4",
                "--progress",
                "events",
                "--outputs-file",
                str(self.outputs_file),
            ),
            DEPLOY_SECONDS,
        )

    def _cdk(self, command: str, *arguments: str) -> processes.Child:
        log = self._state / "logs" / f"cdk-{command}.log"
        log.unlink(missing_ok=True)
        environment = {
            **os.environ,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": f"http://localhost:{self._ports.gateway}",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
            "PYTHONPATH": str(REPOSITORY),
            "PATH": f"{REPOSITORY / '.venv/bin'}:{os.environ['PATH']}",
        }
        # Without it every synth compiles 237 MB of the construct library again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        program = str(REPOSITORY / "node_modules" / ".bin" / "cdk")
        return processes.start(
            f"cdk {command}",
            [program, command, "--no-notices", *arguments],
            cwd=self._state,
            environment=environment,
            log=log,
        )


def _finish(child: processes.Child, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    try:
        while child.alive:
            if time.monotonic() > deadline:
                raise processes.Failed(f"{child.name} took more than {seconds:.0f} s:\n{processes.tail(child.log)}")
            time.sleep(0.05)
    finally:  # also when Ctrl-C comes
        child.stop()
    if child.process.returncode != 0:
        raise processes.Failed(f"{child.name} failed:\n{processes.tail(child.log)}")


def _config_text(ports: Ports, changes: Mapping[str, str]) -> str:
    """config/local.toml with this cloud's ports and other `key = value` lines changed (values as TOML writes them)."""
    business, pay, stripe = (
        f'"http://127.0.0.1:{port}"' for port in (ports.amazon_business, ports.amazon_pay, ports.stripe)
    )
    values = {
        "amazon_business_url": business,
        "amazon_lwa_url": business,
        "amazon_pay_url": pay,
        "stripe_url": stripe,
        "portal_origin": f'"http://localhost:{ports.portal}"',
        "member_callback_urls": f'["http://localhost:{ports.portal}/signed-in"]',
        "member_logout_urls": f'["http://localhost:{ports.portal}/"]',
        "manager_origin": f'"http://localhost:{ports.manager}"',
        "staff_callback_urls": f'["http://localhost:{ports.manager}/signed-in"]',
        "staff_logout_urls": f'["http://localhost:{ports.manager}/"]',
        "authority_url": f'"http://localhost:{ports.gateway}"',
        "sns_certificates": f'"http://127.0.0.1:{ports.amazon_pay}/"',
        "outside_hosts": f'{{ "erp.loyalty.example" = "http://127.0.0.1:{ports.erp}" }}',
        **changes,
    }
    text = (REPOSITORY / "config" / "local.toml").read_text()
    for key, value in values.items():
        text, count = re.subn(rf"(?m)^{key}\s*=.*$", f"{key} = {value}", text)
        assert count == 1, f"config/local.toml has {count} lines `{key} = …`"
    return text


def _fingerprint(config: str) -> str:
    digest = hashlib.sha256(config.encode())
    for path in _source_files():
        digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    for name in SOURCES:
        path = REPOSITORY / name
        if path.is_file():
            yield path
        else:
            yield from sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
