"""Where templates come from: this folder, a revision of it, or the account in which they stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from stacks.settings import REPOSITORY

MINUTES = 10
# A bundle is no resource: the least that counts as one.
APPS = ("portal", "manager")


class NoTemplates(Exception):
    """They cannot be had: what was tried, and what was said to it."""


def synthesised(folder: Path, config: str) -> dict[str, dict[str, Any]]:
    """The templates of a checkout for a config of this one, by stack name. Raises NoTemplates."""
    with tempfile.TemporaryDirectory() as place:
        out, bundles = Path(place, "out"), Path(place, "bundles")
        for app in APPS:
            (bundles / app).mkdir(parents=True)
            (bundles / app / "index.html").write_text("<!doctype html><title>-</title>")
        context = ("-c", f"config={config}", "-c", "checks=off", "-c", f"bundles={bundles}")
        environment = {**os.environ, "CDK_OUTDIR": str(out), "PYTHONPATH": str(folder)}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "app.py", *context],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )
        if done.returncode:
            raise NoTemplates(f"synth of {config} in {folder.name}: {done.stderr.strip()[-2000:]}")
        return read(out)


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The templates of an assembly, by stack name."""
    return {
        path.name.removesuffix(".template.json"): json.loads(path.read_text())
        for path in folder.glob("*.template.json")
    }


@contextmanager
def revision(name: str) -> Iterator[Path]:
    """A checkout of a revision beside this one, with this one's tools. Raises NoTemplates."""
    archived = subprocess.run(["git", "archive", name], cwd=REPOSITORY, capture_output=True, check=False)
    if archived.returncode:
        raise NoTemplates(f"git knows no revision {name}: {archived.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory(prefix="gate-") as place:
        folder = Path(place, "base")
        with tarfile.open(fileobj=BytesIO(archived.stdout)) as archive:
            archive.extractall(folder, filter="data")
        (folder / "build").mkdir(exist_ok=True)
        for kept in ("build/tools", "node_modules", ".venv"):
            if (REPOSITORY / kept).exists():
                (folder / kept).symlink_to((REPOSITORY / kept).resolve())
        yield folder


def standing(stacks: list[str], region_of: dict[str, str], session: boto3.Session) -> dict[str, dict[str, Any]]:
    """The templates of the stacks that stand in the account; those that do not are left out. Raises NoTemplates."""
    found = {}
    for stack in stacks:
        try:
            client = session.client("cloudformation", region_name=region_of[stack])
            body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                continue
            raise NoTemplates(f"{stack}: {error}") from None
        except BotoCoreError as error:
            raise NoTemplates(f"{stack}: {error}") from None
        found[stack] = json.loads(body) if isinstance(body, str) else dict(body)
    return found
