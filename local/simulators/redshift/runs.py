"""Statements: taken once a token, run a few at a time, cancelled, forgotten after 24 hours."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import duckdb

from analytics.warehouse.engine import Outcome, Session, StatementFailed, Warehouse, writes
from local.simulators import clock
from local.simulators.aws_json.files import now, stored
from local.simulators.redshift import answers
from local.simulators.redshift.files import File
from local.simulators.redshift.refusals import Refused, unknown, wrong
from local.simulators.redshift.validation import Submission

KEPT = timedelta(hours=24)
WORKERS = 4
OPEN = ("SUBMITTED", "PICKED", "STARTED")
FAULTS = ("slow", "fail", "abort")

type Row = dict[str, Any]


def submit(file: File, asked: Submission, fault: Row | None) -> Row:
    """The statement's row; the same for the same token and request."""
    moment = now()
    with file.transaction():
        forget(file)
        before = file.one("select * from statements where token = ?", asked.token) if asked.token else None
        if before is not None:
            if before["fingerprint"] != asked.fingerprint:
                raise wrong("ClientToken was used with another request")
            return before
        if _open(file) >= int(file.settings()["active_statements"]):
            raise Refused("ActiveStatementsExceededException")
        statement_id = str(uuid.uuid4())
        kind = fault["kind"] if fault and fault["kind"] in FAULTS else None
        file.run(
            "insert into statements(id, name, token, fingerprint, database, place, cluster, secret_arn, db_user, batch,"
            " mode, parameters, status, fault, fault_code, created_at, updated_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'SUBMITTED', ?, ?, ?, ?)",
            *(statement_id, asked.name, asked.token, asked.fingerprint, asked.database, asked.place, asked.cluster),
            *(asked.secret_arn, asked.db_user, asked.batch, asked.mode, json.dumps(dict(asked.parameters)), kind),
            *(fault["code"] if fault and kind else None, moment, moment),
        )
        for number, sql in enumerate(asked.sqls, 1):
            file.run(
                "insert into parts(id, number, sql, status, updated_at) values (?, ?, ?, 'SUBMITTED', ?)",
                *(statement_id, number, sql, moment),
            )
    return found(file, statement_id)


def found(file: File, statement_id: str) -> Row:
    """A statement's row. ResourceNotFoundException: there is none any more."""
    forget(file)
    row = file.one("select * from statements where id = ?", statement_id)
    if row is None:
        raise unknown(statement_id)
    return row


def parts(file: File, statement_id: str) -> list[Row]:
    """A statement's parts, in order."""
    return file.all("select * from parts where id = ? order by number", statement_id)


def forget(file: File) -> None:
    """What ended more than 24 hours ago."""
    file.run(
        "delete from statements where created_at < ? and status in ('FINISHED', 'FAILED', 'ABORTED')",
        stored(clock.now() - KEPT),
    )


def _open(file: File) -> int:
    return int(file.all("select count(*) as open from statements where status in (?, ?, ?)", *OPEN)[0]["open"])


class Cancelled(Exception):
    """Somebody does not want it any more."""


class Runs:
    """Runs what was submitted, the oldest first; also what a stop of this process interrupted."""

    def __init__(self, file: File, warehouse: Warehouse) -> None:
        self._file, self._warehouse = file, warehouse
        self._wake, self._over = threading.Condition(), threading.Event()
        self._running: dict[str, tuple[threading.Event, list[Session]]] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"redshift statements {number}", daemon=True)
            for number in range(WORKERS)
        ]

    def start(self) -> None:
        """Begin, with what was left open: nothing of it was committed, or it is such that once more does no harm."""
        self._file.run("update statements set status = 'SUBMITTED' where status in ('PICKED', 'STARTED')")
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is something to run."""
        with self._wake:
            self._wake.notify()

    def stop(self) -> None:
        """End; what runs is broken off and rolled back."""
        self._over.set()
        with self._wake:
            self._wake.notify_all()
        for cancelled, sessions in list(self._running.values()):
            _break_off(cancelled, sessions)
        for thread in self._threads:
            thread.join(10)

    def cancel(self, row: Row) -> bool:
        """ABORTED, unless it is over. ValidationException: it is."""
        with self._file.transaction():
            current = found(self._file, row["id"])
            if current["status"] not in OPEN:
                raise wrong(
                    f"Could not cancel a query that is already in {current['status']} state with ID: {row['id']}"
                )
            if current["status"] == "SUBMITTED":
                self._settle(row["id"], "ABORTED", "Query cancelled on user's request", 0)
                return True
        running = self._running.get(row["id"])
        if running is not None:
            _break_off(*running)
        return True

    def _work(self) -> None:
        while not self._over.is_set():
            row = self._pick()
            if row is None:
                with self._wake:
                    self._wake.wait(0.5)
                continue
            try:
                self._do(row)
            except Exception as error:  # whatever it is: the statement failed, the worker goes on
                self._settle(row["id"], "FAILED", f"ERROR: {type(error).__name__}: {error}", 0)
            finally:
                self._running.pop(row["id"], None)

    def _pick(self) -> Row | None:
        with self._file.transaction():
            row = self._file.one("select * from statements where status = 'SUBMITTED' order by sequence limit 1")
            if row is not None:
                self._running[row["id"]] = (threading.Event(), [])
                self._stand(row["id"], "PICKED")
            return row

    def _do(self, row: Row) -> None:
        cancelled, sessions = self._running[row["id"]]
        settings = self._file.settings()
        waiting = float(settings["run_seconds"]) + (float(settings["slow_seconds"]) if row["fault"] == "slow" else 0)
        began = time.monotonic_ns()
        status, error = "FINISHED", None
        try:
            if row["fault"] == "slow":
                self._stand(row["id"], "STARTED")
            if cancelled.wait(waiting):
                raise Cancelled
            self._stand(row["id"], "STARTED")
            error = self._run(row, parts(self._file, row["id"]), cancelled, sessions)
            status = "FAILED" if error else "FINISHED"
        except Cancelled:
            status, error = "ABORTED", "Query cancelled on user's request"
        if self._over.is_set() and status != "FINISHED":
            self._stand(row["id"], "SUBMITTED")
            return
        self._settle(row["id"], status, error, time.monotonic_ns() - began)

    def _run(self, row: Row, given: list[Row], cancelled: threading.Event, sessions: list[Session]) -> str | None:
        """What went wrong, None if nothing did. Cancelled."""
        alone = row["mode"] == "AUTO_COMMIT"
        wrongs = []
        for group in [[part] for part in given] if alone else [given]:
            with self._warehouse.session(writes=any(writes(part["sql"]) for part in group)) as session:
                sessions.append(session)
                try:
                    self._transaction(row, group, session, cancelled)
                except StatementFailed as failed:
                    if cancelled.is_set():
                        raise Cancelled from None
                    part = group[failed.number - 1]
                    message = f"ERROR: {failed.message}"
                    self._ended(part, "FAILED", error=message)
                    for later in group[failed.number :]:
                        self._ended(later, "ABORTED")
                    wrongs.append(f"Query {part['number']} in the batch failed: {message}" if row["batch"] else message)
                finally:
                    sessions.remove(session)
        return wrongs[0] if wrongs else None

    def _transaction(self, row: Row, group: list[Row], session: Session, cancelled: threading.Event) -> None:
        parameters = json.loads(row["parameters"])
        session.begin()
        results = []
        for number, part in enumerate(group, 1):
            if cancelled.is_set() or (row["fault"] == "abort" and number == len(group)):
                raise Cancelled
            if row["fault"] == "fail" and number == len(group):
                raise StatementFailed(number, row["fault_code"] or "Out of Memory")
            self._stand_part(part, "STARTED")
            began = time.monotonic_ns()
            outcome = session.execute(number, part["sql"], parameters)
            # It ran, whatever becomes of the transaction: what it answered is kept only with that.
            results.append((part, outcome))
            self._ended(part, "FINISHED", rows=outcome.count, duration=time.monotonic_ns() - began)
        session.commit()
        for part, outcome in results:
            self._keep(part, outcome)

    def _keep(self, part: Row, outcome: Outcome) -> None:
        if outcome.columns is None:
            return
        columns = outcome.columns
        told = json.dumps([answers.record(columns, row) for row in outcome.rows])
        self._file.run(
            "insert or replace into results values (?, ?, ?, ?)",
            *(part["id"], part["number"], json.dumps(answers.metadata(columns)), told),
        )
        self._file.run(
            "update parts set bytes = ?, has_result = 1 where id = ? and number = ?",
            *(len(told), part["id"], part["number"]),
        )

    def _ended(self, part: Row, status: str, *, rows: int = -1, duration: int = 0, error: str | None = None) -> None:
        self._file.run(
            "update parts set status = ?, rows = ?, duration_ns = ?, error = ?, updated_at = ?"
            " where id = ? and number = ?",
            *(status, rows, duration, error, now(), part["id"], part["number"]),
        )

    def _stand(self, statement_id: str, status: str) -> None:
        self._file.run("update statements set status = ?, updated_at = ? where id = ?", status, now(), statement_id)

    def _stand_part(self, part: Row, status: str) -> None:
        self._file.run(
            "update parts set status = ?, updated_at = ? where id = ? and number = ?",
            *(status, now(), part["id"], part["number"]),
        )

    def _settle(self, statement_id: str, status: str, error: str | None, duration: int) -> None:
        """The end; parts that did not come to theirs were undone."""
        self._file.run(
            "update parts set status = ?, updated_at = ? where id = ? and status in ('SUBMITTED', 'STARTED')",
            *(status, now(), statement_id),
        )
        self._file.run(
            "update statements set status = ?, error = ?, duration_ns = ?, updated_at = ? where id = ?",
            *(status, error, duration, now(), statement_id),
        )


def _break_off(cancelled: threading.Event, sessions: list[Session]) -> None:
    cancelled.set()
    for session in list(sessions):
        with suppress(duckdb.Error):
            session.interrupt()
