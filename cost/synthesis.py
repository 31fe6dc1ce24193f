"""The app's templates for the estimate, synthesised apart from cdk.out/."""

from __future__ import annotations

import tempfile
from pathlib import Path

import aws_cdk as cdk

from app import build, flags
from cost.templates import Templates
from stacks.settings import Settings


def synthesised(settings: Settings) -> Templates:
    """The app's templates, without its checks. Of the web apps only their place is there: they weigh nothing here."""
    with tempfile.TemporaryDirectory(prefix="loyalty-cost-") as scratch:
        web = Path(scratch) / "web"
        for name in ("portal", "manager"):
            (web / name).mkdir(parents=True)
            (web / name / "index.html").write_text("<!doctype html>")
        folder = Path(scratch) / "out"
        app = cdk.App(context=flags(), outdir=str(folder), builtin_cloud_formation_validation=False)
        build(app, settings, web)
        app.synth()
        return Templates.read(folder)
