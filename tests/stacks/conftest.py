"""One synth of the `full` config a session; the rules are asked of its templates."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest

from app import build, flags
from stacks.settings import CONFIG_FOLDER, load
from tests.stacks.assembly import Assembly


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Everything optional is on here, so that what a rule says of it holds in every smaller config."""
    return synthesised("full", tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """What `make run` deploys."""
    return synthesised("local", tmp_path_factory.mktemp("local"))


def synthesised(environment: str, folder: Path) -> Assembly:
    app = cdk.App(context=flags(), outdir=str(folder), builtin_cloud_formation_validation=False)
    build(app, load(CONFIG_FOLDER / f"{environment}.toml"))
    app.synth()
    return Assembly.read(folder)
