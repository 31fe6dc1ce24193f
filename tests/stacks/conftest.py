"""One synth of the `full` config a session; the rules are asked of its templates."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest

from app import build, flags
from stacks.settings import CONFIG_FOLDER, load
from tests.stacks.assembly import Assembly


@pytest.fixture(scope="session")
def assembly_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `assembly` is written: its manifest says what templates do not."""
    return tmp_path_factory.mktemp("full")


@pytest.fixture(scope="session")
def assembly(assembly_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Everything optional is on here, so that what a rule says of it holds in every smaller config."""
    return synthesised("full", assembly_folder, bundles(tmp_path_factory.mktemp("web")))


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """What `make run` deploys."""
    # It needs no bundle: that it is not there is part of what is tested.
    return synthesised("local", tmp_path_factory.mktemp("local"), tmp_path_factory.mktemp("nothing"))


def bundles(folder: Path) -> Path:
    """The web apps as small as they can be, in `folder`."""
    for name in ("portal", "manager"):
        (folder / name).mkdir()
        (folder / name / "index.html").write_text(f"<!doctype html><title>{name}</title>")
    return folder


def synthesised(environment: str, folder: Path, web: Path) -> Assembly:
    app = cdk.App(context=flags(), outdir=str(folder), builtin_cloud_formation_validation=False)
    build(app, load(CONFIG_FOLDER / f"{environment}.toml"), web)
    app.synth()
    return Assembly.read(folder)
