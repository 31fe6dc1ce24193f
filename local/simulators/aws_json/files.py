"""A stand-in's own database file: settings, faults, requests, and what the service adds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from local.simulators import clock
from local.simulators.amazon_pay.files import File as SqliteFile

SHARED = """
create table if not exists settings(name text primary key, value text not null);
create table if not exists faults(
    fault_id integer primary key, operation text not null, kind text not null, code text, times integer not null);
create table if not exists requests(
    sequence integer primary key, at text not null, operation text not null, {subject} text, status integer not null,
    code text, fault text);
"""


class File(SqliteFile):
    """One writer at a time; each `transaction` is all or nothing. `subject`: the column of what a request is about.

    Every stand-in has the setting `off`: whatever is asked is answered 503, until it is set back.
    """

    def __init__(self, path: Path, schema: str, settings: dict[str, Any], subject: str) -> None:
        self.defaults, self.subject = {**settings, "off": False}, subject
        super().__init__(path, SHARED.format(subject=subject) + schema, self.defaults)


def stored(moment: datetime) -> str:
    """As the file keeps it."""
    return moment.isoformat(timespec="milliseconds")


def now() -> str:
    """The simulators' own time."""
    return stored(clock.now())
