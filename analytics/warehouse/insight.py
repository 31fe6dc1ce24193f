"""UNLOAD statements of the machine insight: what it reads of the star, as Parquet below one folder of the lake.

statements("s3://lake/insight/run=1/in", as_of, planned, role, key)    one transaction: all of one moment
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from analytics.warehouse import files

NAMES = ("demand", "products", "interactions", "availability", "consents")
# Three years: a season is seen twice before it comes again.
DAYS_BACK = 1_100
DAYS_AHEAD = 91
# All planned campaigns go along in a statement, of which the Data API takes 100 kB.
MOST_PLANNED = 300
MAX_FILE_MB = 64

_FOLDER = re.compile(r"s3://[a-z0-9.-]+/[A-Za-z0-9_=/-]+")
_ROLE = re.compile(r"default|arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_KEY = re.compile(r"[A-Za-z0-9:/_-]{1,200}")
_TEXT = re.compile(r"[\w .&+/-]{0,200}")
_NONE = (
    "SELECT 0 AS program_id, CAST('' AS VARCHAR(200)) AS campaign, CAST('1970-01-01' AS DATE) AS from_on,"
    " CAST('1970-01-01' AS DATE) AS until_on, CAST('' AS VARCHAR(200)) AS category, CAST('' AS VARCHAR(10)) AS asin,"
    " CAST(0 AS DOUBLE PRECISION) AS share"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign that makes products cheaper by a `share` of their price, from the first day to the last.

    `category` or `asin` '': of any.
    """

    program_id: int
    campaign: str
    from_on: date
    until_on: date
    category: str
    asin: str
    share: float


def statements(folder: str, as_of: date, planned: Iterable[Planned], role: str, key: str | None) -> list[str]:
    """An UNLOAD a table. `key`: the KMS key its files are encrypted by. Raises ValueError for a strange one."""
    target = _checked(folder.rstrip("/"), _FOLDER, "folder")
    by_role = role if role == "default" else f"'{_checked(role, _ROLE, 'role')}'"
    encrypted = f" KMS_KEY_ID '{_checked(key, _KEY, 'key')}' ENCRYPTED" if key else ""
    return [
        f"UNLOAD ('{query.replace("'", "''")}') TO '{target}/{name}/' IAM_ROLE {by_role} FORMAT AS PARQUET"
        f" ALLOWOVERWRITE MAXFILESIZE {MAX_FILE_MB} MB{encrypted}"
        for name, query in queries(as_of, planned).items()
    ]


def queries(as_of: date, planned: Iterable[Planned]) -> dict[str, str]:
    """The queries by the table's name, in the portable part of Redshift's SQL."""
    values = {
        "(planned)": "\n    UNION ALL ".join([_NONE, *map(_row, _newest(planned))]),
        "(as_of)": as_of.isoformat(),
        "(days_back)": str(DAYS_BACK),
        "(days_ahead)": str(DAYS_AHEAD),
    }
    found = {}
    for name in NAMES:
        (sql,) = files.statements(f"night/{name}")
        for word, value in values.items():
            sql = sql.replace(word, value)
        found[name] = sql
    return found


def _newest(planned: Iterable[Planned]) -> list[Planned]:
    return sorted(planned, key=lambda one: one.until_on, reverse=True)[:MOST_PLANNED]


def _row(one: Planned) -> str:
    words = [_checked(text, _TEXT, "campaign's word") for text in (one.campaign, one.category, one.asin)]
    return (
        f"SELECT {int(one.program_id)}, '{words[0]}', CAST('{one.from_on:%Y-%m-%d}' AS DATE),"
        f" CAST('{one.until_on:%Y-%m-%d}' AS DATE), '{words[1]}', '{words[2]}', {float(one.share):.4f}"
    )


def _checked(value: str, pattern: re.Pattern[str], what: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is no {what} that a statement takes")
    return value
