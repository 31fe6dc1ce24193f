"""The stand-in's own database file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.simulators.aws_json import files

SCHEMA = """
create table if not exists jobs(
    kind text not null, name text not null, status text not null, secondary text, reason text, message text,
    asked text not null, metrics text not null default '[]', transitions text not null default '[]', artefact text,
    fault text, created_at text not null, started_at text, changed_at text not null, ended_at text,
    primary key (kind, name));
create table if not exists models(name text primary key, asked text not null, created_at text not null);
create table if not exists groups(name text primary key, asked text not null, created_at text not null);
create table if not exists packages(
    group_name text not null, version integer not null, approval text not null, asked text not null,
    token text, created_at text not null, changed_at text not null, primary key (group_name, version));
create table if not exists tags(arn text not null, key text not null, value text not null, primary key (arn, key));
"""

DEFAULT_SETTINGS: dict[str, Any] = {
    "start_seconds": 0.2,
    "slow_seconds": 5.0,
    "hold_seconds": 60,
    "stop_seconds": 120,
    "ping_seconds": 60,
    "page_size": 100,
    "entry_point": ["-m", "containers.forecast"],
}
JOBS = ("training", "processing", "transform")
OPERATIONS = (
    *(f"{verb}{kind.capitalize()}Job" for kind in JOBS for verb in ("Create", "Describe", "Stop")),
    *("CreateModel", "DescribeModel", "DeleteModel"),
    *("CreateModelPackageGroup", "DescribeModelPackageGroup"),
    *("CreateModelPackage", "DescribeModelPackage", "ListModelPackages", "UpdateModelPackage"),
    *("AddTags", "ListTags"),
)


class File(files.File):
    """The service's tables beside those of every stand-in."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS, "name")
        self.folder = path.parent
