"""A stand-in for Amazon Redshift's Data API over one DuckDB file: JSON 1.1 in and out, strict, on the turned clock.

    python -m local.simulators.redshift --port 4660 --database .local/redshift.sqlite

ExecuteStatement, BatchExecuteStatement, DescribeStatement, GetStatementResult, ListStatements and CancelStatement, as
boto3 speaks them (`AWS_ENDPOINT_URL_REDSHIFT_DATA`). Statements are Redshift's SQL, translated; the data lies beside
the file, in `<name>.duckdb`. COPY reads manifests and Parquet from S3 with the stand-in's own client
(`AWS_ENDPOINT_URL`), UNLOAD writes Parquet there. It asks no signature to be right, only to be there, knows one
database whatever its name, and leaves rights to the real one: GRANT, LOCK and procedures do nothing. What it leaves
out is refused by name: sessions, events, CSV and GetStatementResultV2, the catalogue's operations, CBOR.
Its file (SQLite, WAL; times ISO 8601):

    statements  id, name, token, database, place (workgroup or cluster), batch 0|1, mode, status SUBMITTED|PICKED|
                STARTED|FINISHED|FAILED|ABORTED, error, fault, created_at, updated_at, duration_ns
    parts       id, number, sql, status, error, duration_ns, rows, bytes, has_result: a batch has many, others one
    results     id, number, columns, rows. After 24 hours statement, parts and results are not known any more.
    requests    sequence, at, operation, statement_id, status (0: no answer), code (the error's name), fault
    faults      operation, kind, code, times
    settings    rates (off, or {operation: {burst, per_second}}), active_statements, run_seconds (how long a statement
                is in the queue before it runs), slow_seconds, hold_seconds, page_rows, off (true: every call gets 503)

Control plane: GET /_simulator/health · GET, PUT, DELETE /_simulator/faults · GET, PUT /_simulator/settings · GET
/_simulator/statements, /_simulator/requests. Faults, for the next `times` calls of an `operation` (or `*`): throttle,
access_denied, error_500, limit, timeout_before, timeout_after_commit, reset, malformed; and for what a call submits:
slow, fail (`code`: the error's words; all but the last of its statements run before), abort.
"""

from __future__ import annotations

from local.simulators.redshift.app import create_app

__all__ = ["create_app"]
