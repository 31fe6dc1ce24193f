"""The stand-in's own database file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.simulators.aws_json import files
from local.simulators.aws_json.files import now

SCHEMA = """
create table if not exists resources(
    arn text primary key, kind text not null, name text not null, parent text, status text not null, failure text,
    body text not null, made text, created_at text not null, changed_at text not null);
create index if not exists resources_kind on resources(kind, parent);
create table if not exists rows(
    dataset text not null, row text not null, user text, item text, at integer, live integer not null default 0,
    event_id text);
create unique index if not exists rows_event on rows(dataset, event_id) where event_id is not null;
create index if not exists rows_dataset on rows(dataset, user);
"""

DEFAULT_SETTINGS: dict[str, Any] = {
    "pending_seconds": 0.05,
    "work_seconds": 0.05,
    "fewest_interactions": 1000,
    "fewest_users": 25,
    "hold_seconds": 60,
}
ACCOUNT, REGION = "000000000000", "us-east-1"


class File(files.File):
    """The service's tables beside those of every stand-in."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS, "arn")

    def resource(self, arn: str) -> dict[str, Any] | None:
        """A row with its `body` and `made` read."""
        row = self.one("select * from resources where arn = ?", arn)
        return None if row is None else _read(row)

    def resources(self, kind: str, parent: str | None = None) -> list[dict[str, Any]]:
        """All of a kind (of one parent), oldest first."""
        rows = self.all(
            "select * from resources where kind = ? and (? is null or parent = ?) order by created_at, rowid",
            *(kind, parent, parent),
        )
        return [_read(row) for row in rows]

    def move(self, arn: str, status: str, *, failure: str | None = None, made: Any = None) -> None:
        """The next state of what is made."""
        self.run(
            "update resources set status = ?, failure = ?, made = coalesce(?, made), changed_at = ? where arn = ?",
            *(status, failure, None if made is None else json.dumps(made), now(), arn),
        )


def arn(kind: str, name: str) -> str:
    """As the service names what it has."""
    return f"arn:aws:personalize:{REGION}:{ACCOUNT}:{kind}/{name}"


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "body": json.loads(row["body"]), "made": json.loads(row["made"] or "{}")}
