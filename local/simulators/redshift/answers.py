"""The service's documents: a statement's standing, its rows page by page, the list of statements."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from analytics.warehouse.engine import Column
from local.simulators.redshift.files import File
from local.simulators.redshift.refusals import NO_RESULT, unknown, wrong

type Row = dict[str, Any]

# DuckDB's types by Redshift's names, with precision.
_TYPES = {
    "BOOLEAN": ("bool", 1), "SMALLINT": ("int2", 5), "TINYINT": ("int2", 5), "INTEGER": ("int4", 10),
    "BIGINT": ("int8", 19), "HUGEINT": ("numeric", 38), "DOUBLE": ("float8", 17), "FLOAT": ("float4", 8),
    "DATE": ("date", 13), "TIMESTAMP": ("timestamp", 29),
}  # fmt: skip


def epoch(moment: str) -> float:
    """A stored time as the protocol tells it."""
    return round(datetime.fromisoformat(moment).timestamp(), 3)


def submitted(row: Row) -> Row:
    """The answer to ExecuteStatement and BatchExecuteStatement."""
    answer = {
        "Id": row["id"],
        "CreatedAt": epoch(row["created_at"]),
        "Database": row["database"],
        "Status": row["status"],
    }
    return {**answer, **_where(row)}


def described(row: Row, parts: list[Row]) -> Row:
    """DescribeStatement's answer."""
    answer: Row = {
        "Id": row["id"],
        "Status": row["status"],
        "CreatedAt": epoch(row["created_at"]),
        "UpdatedAt": epoch(row["updated_at"]),
        "Duration": row["duration_ns"],
        "Database": row["database"],
        "HasResultSet": any(part["has_result"] for part in parts),
        "RedshiftPid": 1_073_700_000 + row["sequence"],
        "RedshiftQueryId": 0 if row["batch"] else row["sequence"],
        "ResultRows": -1 if row["batch"] else parts[0]["rows"],
        "ResultSize": -1 if row["batch"] else parts[0]["bytes"],
        "ResultFormat": "JSON",
        **_where(row),
    }
    if row["error"]:
        answer["Error"] = row["error"]
    parameters = json.loads(row["parameters"])
    if parameters:
        answer["QueryParameters"] = [{"name": name, "value": value} for name, value in parameters.items()]
    if row["batch"]:
        answer["ExecutionMode"] = row["mode"]
        answer["SubStatements"] = [_part(row, part) for part in parts]
    else:
        answer["QueryString"] = parts[0]["sql"]
    return answer


def _part(row: Row, part: Row) -> Row:
    told: Row = {
        "Id": f"{row['id']}:{part['number']}",
        "Status": part["status"],
        "CreatedAt": epoch(row["created_at"]),
        "UpdatedAt": epoch(part["updated_at"]),
        "Duration": part["duration_ns"],
        "QueryString": part["sql"],
        "ResultRows": part["rows"],
        "ResultSize": part["bytes"],
        "RedshiftQueryId": row["sequence"] * 100 + part["number"],
        "HasResultSet": bool(part["has_result"]),
    }
    return {**told, "Error": part["error"]} if part["error"] else told


def _where(row: Row) -> Row:
    found = {"SecretArn": row["secret_arn"], "DbUser": row["db_user"]}
    found["ClusterIdentifier" if row["cluster"] else "WorkgroupName"] = row["place"]
    return {name: value for name, value in found.items() if value}


def listed(file: File, status: str, name: str | None, most: int, token: str | None) -> Row:
    """ListStatements' answer, the newest first."""
    before = _position("list", token) if token else 2**62
    rows = file.all(
        "select * from statements where (status = ? or ? = 'ALL') and sequence < ?"
        " and (? is null or substr(name, 1, length(?)) = ?) order by sequence desc limit ?",
        *(status, status, before, name, name, name, most + 1),
    )
    answer: Row = {"Statements": [_listed(file, row) for row in rows[:most]]}
    if len(rows) > most:
        answer["NextToken"] = _token("list", rows[most - 1]["sequence"])
    return answer


def _listed(file: File, row: Row) -> Row:
    sqls = [part["sql"] for part in file.all("select sql from parts where id = ? order by number", row["id"])]
    told: Row = {
        "Id": row["id"], "Status": row["status"], "CreatedAt": epoch(row["created_at"]),
        "UpdatedAt": epoch(row["updated_at"]), "IsBatchStatement": bool(row["batch"]), "ResultFormat": "JSON",
        "QueryString": sqls[0], "StatementName": row["name"] or "",
    }  # fmt: skip
    return {**told, "QueryStrings": sqls} if row["batch"] else told


def result(file: File, row: Row, number: int | None, token: str | None) -> Row:
    """GetStatementResult's answer."""
    if row["batch"] and number is None:
        raise wrong("A batch's results are asked for by the id of one of its statements, as id:1")
    asked = number or 1
    found = file.one("select columns, rows from results where id = ? and number = ?", row["id"], asked)
    if row["status"] != "FINISHED" or found is None:
        raise unknown(f"{row['id']}:{number}" if number else row["id"], NO_RESULT)
    scope, rows = f"{row['id']}:{asked}", json.loads(found["rows"])
    first = _position(scope, token) if token else 0
    end = first + int(file.settings()["page_rows"])
    answer: Row = {
        "ColumnMetadata": json.loads(found["columns"]),
        "Records": rows[first:end],
        "TotalNumRows": len(rows),
    }
    if end < len(rows):
        answer["NextToken"] = _token(scope, end)
    return answer


def metadata(columns: tuple[Column, ...]) -> list[Row]:
    """ColumnMetadata of a result."""
    told = []
    for column in columns:
        name, precision, scale = _type(column.type)
        told.append(
            {
                "name": column.name, "label": column.name, "typeName": name, "precision": precision, "scale": scale,
                "nullable": 1, "length": 0, "schemaName": "", "tableName": "", "isCurrency": False,
                "isCaseSensitive": name == "varchar",
                "isSigned": name in ("int2", "int4", "int8", "float4", "float8", "numeric"),
            }
        )  # fmt: skip
    return told


def _type(kind: str) -> tuple[str, int, int]:
    if kind.startswith("DECIMAL("):
        precision, scale = kind[8:-1].split(",")
        return "numeric", int(precision), int(scale)
    name, precision_of = _TYPES.get(kind, ("varchar", 256))
    return name, precision_of, 6 if name == "timestamp" else 0


def record(columns: tuple[Column, ...], row: tuple[Any, ...]) -> list[Row]:
    """One row as the protocol tells it: numeric, dates and times are texts."""
    return [_field(column.type, value) for column, value in zip(columns, row, strict=True)]


def _field(kind: str, value: Any) -> Row:
    match value:
        case None:
            return {"isNull": True}
        case bool():
            return {"booleanValue": value}
        case int() if kind != "HUGEINT":
            return {"longValue": value}
        case float():
            return {"doubleValue": value}
        case Decimal():
            return {"stringValue": f"{value:f}"}
        case datetime():
            return {"stringValue": value.isoformat(sep=" ")}
        case date():
            return {"stringValue": value.isoformat()}
    return {"stringValue": str(value)}


def _token(scope: str, position: int) -> str:
    seal = hmac.new(b"pages of statements", f"{scope}/{position}".encode(), hashlib.sha256).hexdigest()[:32]
    return base64.urlsafe_b64encode(f"{position}/{seal}".encode()).decode()


def _position(scope: str, token: str) -> int:
    try:
        position = int(base64.urlsafe_b64decode(token.encode()).decode().split("/")[0])
    except ValueError:
        raise wrong("NextToken is none of this stand-in's") from None
    if not hmac.compare_digest(_token(scope, position), token):
        raise wrong("NextToken is none of this request's")
    return position
