"""Nothing that decides asks a machine what time it is, or makes up an id: the database's clock is the only one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

BARE_SQL = re.compile(
    r"(?<![.\w])(now|clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid|uuidv7|timeofday)\s*\("
    r"|\b(current_date|current_timestamp|current_time|localtimestamp|localtime)\b",
    re.IGNORECASE,
)
BARE_PYTHON = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time(_ns)?\(|uuid[1-8]\(|\btime\(\)")

# Why each of these may: none of them decides anything about points, money or time.
ALLOWED = {
    "database/clock/clock.sql": "is the clock",
    "loyalty/migration.py": "says when a file was applied, before there is a clock",
    "loyalty/payments/amazon_pay/client.py": "a signature carries the sender's own time",
    "containers/telemetry.py": "a metric's time",
    "loyalty/outbox/relaying.py": "tells one taker of events from another",
    "lambdas/manager_routes/reports.py": "asks what was loaded last anew each minute, under another name",
    "loyalty/casework/files.py": "names an upload, which must not be guessed from a time",
}


def _sources(folders: tuple[str, ...], ending: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REPOSITORY / folder).rglob(f"*.{ending}"))]


def _code(text: str, comment: str) -> str:
    return "\n".join(line.split(comment)[0] for line in text.splitlines())


@pytest.mark.parametrize(
    "path",
    _sources(("database",), "sql") + _sources(("loyalty", "lambdas", "containers"), "py"),
    ids=lambda path: str(path.relative_to(REPOSITORY)),
)
def test_time_and_ids_come_from_the_clock(path: Path) -> None:
    name = str(path.relative_to(REPOSITORY))
    sql = path.suffix == ".sql"
    text = _code(path.read_text(), "--" if sql else "#")
    found = [match.group(0) for match in BARE_SQL.finditer(text)] if sql else []
    if not sql:
        found = [match.group(0) for match in BARE_PYTHON.finditer(text)]
        # Statements in Python are SQL too.
        found += [
            m.group(0) for m in re.finditer(r"(?<![.\w])(statement_timestamp|clock_timestamp|gen_random_uuid)\(", text)
        ]
    if name in ALLOWED:
        assert found, f"{name} needs no exception any more"
    else:
        assert not found


def test_a_bare_clock_would_be_found() -> None:
    assert BARE_SQL.search("select now()")
    assert BARE_SQL.search("where day < CURRENT_DATE")
    assert not BARE_SQL.search("select clock.now()")
    assert BARE_PYTHON.search("datetime.now(UTC)")
