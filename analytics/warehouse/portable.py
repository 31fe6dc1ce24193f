"""SQL that means the same on Redshift and on DuckDB: what it may contain, and its translation.

`check` reads a statement's tree and says what would not run on Redshift, or would answer otherwise on DuckDB.
`for_duckdb` translates a statement that Redshift understands.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError, UnsupportedError

from analytics.warehouse.words import (
    FUNCTIONS,
    NEEDS_FRAME,
    NOT_PORTABLE,
    PARTS_OF_TIME,
    RESERVED,
    TYPES,
    UNITS_OF_TIME,
)

# sqlglot tells what it hands on unread; here that is decided by the first word.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

REPORTED_SCHEMA = "loyalty"
LOADED_SCHEMAS = frozenset({"loyalty", "base", "staging"})
# Redshift's own business: rights, locks, procedures and the refreshing of views that DuckDB never holds.
_WITHOUT_MEANING = re.compile(
    r"\s*(LOCK|GRANT|REVOKE|CALL|REFRESH\s+MATERIALIZED|CREATE\s+(OR\s+REPLACE\s+)?PROCEDURE|ANALYZE|ALTER\s+DEFAULT"
    r"|(CREATE|ALTER|DROP)\s+(USER|ROLE))\b",
    re.IGNORECASE,
)
_COPY = re.compile(r"\s*COPY\b", re.IGNORECASE)
# What schema/added.sql asks of its procedure, DuckDB knows by itself.
_ADDED = re.compile(r"\s*CALL base\.ensure_column\('(\w+)', '(\w+)', '([\w()]+)'\)\s*")
_AGGREGATES = (exp.Avg, exp.Sum)


class NotPortable(ValueError):
    """A statement that cannot be translated; the message says why."""


def check(sql: str, *, load: bool = False) -> list[str]:
    """What is wrong with a query, in words, nothing if it may be used. `load`: also what loads do."""
    if load and (_WITHOUT_MEANING.match(sql) or _COPY.match(sql)):
        return []
    try:
        statements = [found for found in sqlglot.parse(sql, read="redshift") if found is not None]
    except (ParseError, TokenError) as error:
        return [f"cannot be read: {str(error).splitlines()[0]}"]
    if len(statements) != 1:
        return ["has to be one statement"]
    (statement,) = statements
    if not load and not isinstance(statement, exp.Query):
        return ["has to be a query"]
    problems = dict.fromkeys(problem for node in statement.walk() for problem in _problems(node, load))
    return [*problems, *_tables(statement, LOADED_SCHEMAS if load else frozenset({REPORTED_SCHEMA}))]


def for_duckdb(sql: str, now: datetime | None = None) -> str:
    """The statement as DuckDB understands it, empty if it has no meaning there.

    `now`: what GETDATE() answers (UTC); the machine's time if not said. NotPortable if there is no translation.
    """
    if added := _ADDED.fullmatch(sql):
        return "ALTER TABLE loyalty.{} ADD COLUMN IF NOT EXISTS {} {}".format(*added.groups())
    if _WITHOUT_MEANING.match(sql):
        return ""
    translated = _translated(sql)
    moment = "CAST(NOW() AT TIME ZONE 'UTC' AS TIMESTAMP)" if now is None else f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S.%f}'"
    return translated.replace(_NOW, moment)


_NOW = "__the_time__"


@functools.lru_cache(maxsize=2_000)
def _translated(sql: str) -> str:
    if _COPY.match(sql):
        raise NotPortable("COPY reads from S3: the engine does it, it has no SQL")
    try:
        statements = [found for found in sqlglot.parse(sql, read="redshift") if found is not None]
        if len(statements) != 1:
            raise NotPortable("has to be one statement")
        (statement,) = statements
        if isinstance(statement, exp.Command):
            raise NotPortable(f"no translation of {sql.split(maxsplit=1)[0].upper()}")
        return _shimmed(statement).sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except (ParseError, TokenError, UnsupportedError) as error:
        raise NotPortable(str(error).splitlines()[0]) from None


def _shimmed(statement: exp.Expr) -> exp.Expr:
    for node in list(statement.find_all(exp.CurrentTimestamp, exp.EncodeColumnConstraint)):
        if isinstance(node, exp.CurrentTimestamp):
            node.replace(exp.to_identifier(_NOW))
        else:
            node.parent.pop()  # type: ignore[union-attr]
    if isinstance(statement, exp.Create) and statement.kind in ("TABLE", "VIEW"):
        # No distribution, no sorting, and keys that nobody enforces. A materialised view is one that is never stale.
        properties = statement.args.get("properties")
        kept = (
            [found for found in properties.expressions if isinstance(found, exp.TemporaryProperty)]
            if properties
            else []
        )
        statement.set("properties", exp.Properties(expressions=kept) if kept else None)
        for key in list(statement.find_all(exp.PrimaryKey, exp.ForeignKey, exp.PrimaryKeyColumnConstraint)):
            key.pop()
    if isinstance(statement, exp.Drop):
        statement.set("materialized", False)
    return statement


def _problems(node: exp.Expr, load: bool) -> Iterator[str]:
    """What is wrong with one node."""
    if isinstance(node, NOT_PORTABLE):
        yield f"{_said(node)}: not in the portable part of SQL"
    elif isinstance(node, exp.Anonymous):
        yield f"{node.name.upper()}(): not a function of the portable part"
    elif isinstance(node, exp.CurrentTimestamp):
        if not load:
            yield "GETDATE(): a report says its days as parameters"
    elif isinstance(node, exp.Func) and not isinstance(node, FUNCTIONS):
        yield f"{node.sql_name()}(): not a function of the portable part"
    yield from _unlike_answers(node)
    if isinstance(node, exp.Identifier):
        if node.quoted:
            yield f'"{node.name}": names are not quoted'
        elif node.name.lower() in RESERVED:
            yield f"{node.name}: a reserved word of Redshift"
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        yield "*: columns are named"
    if isinstance(node, exp.DataType) and node.this not in TYPES:
        yield f"{node.sql('redshift')}: not a type of the portable part"


def _unlike_answers(node: exp.Expr) -> Iterator[str]:
    """Constructs that both know and that answer differently."""
    match node:
        case exp.Div() if not (_is_double(node.this) or _is_double(node.expression)):
            yield f"{_said(node)}: whole numbers divide differently; CAST one side AS DOUBLE PRECISION"
        case exp.Avg() if not _is_double(node.this):
            yield f"{_said(node)}: of whole numbers Redshift's is whole; CAST AS DOUBLE PRECISION inside"
        case exp.Window() if _needs_frame(node):
            yield f"{_said(node)}: with ORDER BY Redshift wants a frame (ROWS BETWEEN …)"
        case exp.WindowSpec() if node.args.get("kind") == "RANGE":
            yield f"{_said(node)}: Redshift has frames of ROWS only"
        case exp.TimestampTrunc() | exp.DateTrunc() if not _is_cast(node.parent, exp.DType.DATE):
            yield f"{_said(node)}: a timestamp there, a date here; CAST it AS DATE"
        case exp.Extract() if node.name.lower() not in PARTS_OF_TIME:
            yield f"{_said(node)}: read weeks and weekdays from loyalty.dim_date"
        case exp.DateDiff() | exp.DateAdd() | exp.TsOrDsAdd() | exp.TsOrDsDiff() if _unit(node) not in UNITS_OF_TIME:
            yield f"{_said(node)}: units are {', '.join(sorted(UNITS_OF_TIME))}"
        case exp.Group() if node.args.get("all"):
            yield "GROUP BY ALL: name what is grouped by"
        case exp.Subquery() if _is_correlated(node):
            yield f"{_said(node)}: a subquery that looks outside; write a join"
        case exp.Distinct() if node.args.get("on"):
            yield "DISTINCT ON: use ROW_NUMBER()"


def _is_double(node: Any) -> bool:
    """Whether an expression is a double by how it is written."""
    if isinstance(node, exp.Cast):
        return _is_cast(node, exp.DType.DOUBLE)
    if isinstance(node, exp.Case):
        branches = [*(branch.args.get("true") for branch in node.args["ifs"]), node.args.get("default")]
        return any(_is_double(branch) for branch in branches)
    if isinstance(node, exp.Window):
        return _is_double(node.this)
    if isinstance(node, exp.Expr) and isinstance(node, (exp.Binary, exp.Func, exp.Paren, exp.Neg)):
        return any(_is_double(child) for child in node.iter_expressions())
    return False


def _is_cast(node: Any, kind: exp.DType) -> bool:
    return isinstance(node, exp.Cast) and node.to.this == kind


def _needs_frame(window: exp.Window) -> bool:
    called = window.this.this if isinstance(window.this, (exp.IgnoreNulls, exp.RespectNulls)) else window.this
    return isinstance(called, NEEDS_FRAME) and bool(window.args.get("order")) and not window.args.get("spec")


def _unit(node: exp.Expr) -> str:
    unit = node.args.get("unit")
    return unit.name.lower() if unit is not None else "day"


def _is_correlated(subquery: exp.Subquery) -> bool:
    if isinstance(subquery.parent, (exp.From, exp.Join)):
        return False
    inside = {table.alias_or_name for table in subquery.find_all(exp.Table)}
    inside |= {inner.alias for inner in subquery.find_all(exp.Subquery)}
    return any(column.table and column.table not in inside for column in subquery.find_all(exp.Column))


def _tables(statement: exp.Expr, schemas: frozenset[str]) -> list[str]:
    made = {common.alias for common in statement.find_all(exp.CTE)}
    made |= {create.this.name for create in statement.find_all(exp.Create) if create.find(exp.TemporaryProperty)}
    problems = []
    for table in statement.find_all(exp.Table):
        if table.db not in schemas and not (not table.db and (table.name in made or table.name.startswith("latest_"))):
            problems.append(f"{table.sql()}: tables are of schema {' or '.join(sorted(schemas))}")
    return list(dict.fromkeys(problems))


def _said(node: exp.Expr) -> str:
    words = node.sql("redshift")
    return words if len(words) <= 60 else f"{words[:57]}…"
