"""Put together what is held on a member: a ZIP with JSON for programs, tables for people, and the files themselves."""

from __future__ import annotations

import csv
import io
import json
import secrets
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import psycopg

from loyalty.database import Connection
from loyalty.privacy.retention import EXPORT_DAYS
from loyalty.privacy.stores import Files, SignIns
from loyalty.privacy.words import readme
from loyalty.spreadsheet import harmless

LEASE_SECONDS, TRIES = 900, 5
# A function's disk has 512 MB, and a ZIP of more is nobody's to open.
LARGEST_BYTES = 400 * 1024 * 1024
SECTIONS = (
    "person", "past_contacts", "addresses", "terms", "consents", "balance", "points", "adjustments", "redemptions",
    "screening", "payments", "messages", "cases", "documents", "wishes", "interactions", "levels", "campaigns",
    "deliveries", "account",
)  # fmt: skip
TABLES = ("points", "redemptions", "addresses", "consents", "messages", "cases", "documents", "wishes")
# What a person calls by another name, or does not read.
_HIDDEN = {"object_key", "facts", "lines", "messages", "files", "documents", "shipments"}


class TooLarge(Exception):
    """More than LARGEST_BYTES: a person must send it another way."""


def make_next(
    connection: Connection, files: Files, sign_ins: SignIns, said: Callable[[Exception], None]
) -> bool | None:
    """Make the export that waits longest. Whether it came to be; None: none waits.

    `said`: is told a failure; it is tried again, TRIES times in all."""
    row = connection.execute("select * from privacy.take_export(%s)", (LEASE_SECONDS,)).fetchone()
    if row is None:
        return None
    export = (row["program_id"], row["export_id"])
    key = f"exports/{row['program_id']}/{row['export_id']}/{secrets.token_urlsafe(32)}.zip"
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export.zip"
            count = _write(connection, row, path, files, sign_ins)
            size = path.stat().st_size
            files.put_export(key, path)
        connection.execute(
            "select privacy.export_ready(%s, %s, %s, %s, %s, %s)", (*export, key, size, count, EXPORT_DAYS)
        )
    except psycopg.OperationalError:
        raise
    except Exception as failure:
        said(failure)
        connection.execute("select privacy.export_failed(%s, %s, %s, %s)", (*export, type(failure).__name__, TRIES))
        return False
    return True


def remove_expired(connection: Connection, files: Files) -> int:
    """Files whose days are over. How many."""
    rows = connection.execute("select * from privacy.expired_exports(100)").fetchall()
    for row in rows:
        files.delete_exports([row["object_key"]])
        connection.execute("select privacy.export_gone(%s, %s)", (row["program_id"], row["export_id"]))
    return len(rows)


def _write(connection: Connection, export: dict[str, Any], path: Path, files: Files, sign_ins: SignIns) -> int:
    """How many files are in it."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", readme(export["language"], export["number"], export["said_at"]))
        sections = {}
        # All sections of one instant.
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read read only")
            for name in SECTIONS:
                sections[name] = _section(connection, export, name)
        for name, found in sections.items():
            archive.writestr(f"data/{name}.json", json.dumps(_theirs(found), ensure_ascii=False, indent=1))
            if name in TABLES:
                archive.writestr(f"tables/{name}.csv", to_csv(found))
        lines = [
            {"redemption_id": one["redemption_id"], **line} for one in sections["redemptions"] for line in one["lines"]
        ]
        archive.writestr("tables/redemption_lines.csv", to_csv(lines))
        # More than one where two memberships became one.
        known = [dict(user) for subject in export["subjects"] if (user := sign_ins.of(subject))]
        archive.writestr("data/sign_in.json", json.dumps(known, ensure_ascii=False, indent=1))
        for document in sections["documents"]:
            if document["object_key"] and (content := files.document(document["object_key"])):
                _add(archive, path, f"documents/{document['number']}.pdf", content)
        for case in sections["cases"]:
            for file in case["files"]:
                # One that is not what it says is shown to nobody.
                if file["state"] != "bad" and (content := files.case_file(file["object_key"])):
                    ending = file["content_type"].rpartition("/")[2]
                    _add(archive, path, f"photos/{case['case_id']}/{file['file_id']}.{ending}", content)
        return len(archive.namelist())


def _theirs(found: Any) -> Any:
    """Without where a file is in our store: the file itself is in the ZIP."""
    match found:
        case dict():
            return {name: _theirs(value) for name, value in found.items() if name != "object_key"}
        case list():
            return [_theirs(one) for one in found]
    return found


def _section(connection: Connection, export: dict[str, Any], name: str) -> Any:
    row = connection.execute(
        "select privacy.section(%s, %s, %s) as found", (export["program_id"], export["export_id"], name)
    ).fetchone()
    assert row is not None
    assert row["found"] is not None, name
    return row["found"]


def _add(archive: ZipFile, path: Path, name: str, content: bytes) -> None:
    if path.stat().st_size + len(content) > LARGEST_BYTES:
        raise TooLarge
    archive.writestr(name, content)


def to_csv(rows: Iterable[dict[str, Any]]) -> str:
    """A table of the rows' plain values: those that are no list and no object."""
    rows = list(rows)
    columns = list(
        dict.fromkeys(
            name
            for row in rows
            for name, value in row.items()
            if name not in _HIDDEN and not isinstance(value, (dict, list))
        )
    )
    out = io.StringIO()
    # A byte order mark, or spreadsheets take it for another alphabet.
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict() | list():
            return harmless(json.dumps(value, ensure_ascii=False))
        case str():
            return harmless(value)
        case _:
            return value
