"""One list of rules: as DQDL for Glue, and as SQL for what checks a batch before anybody can load it.

Every contract implies rules (keys are unique, what may not be null is there, texts fit); rules.json has what else
holds. The SQL is what DuckDB and Spark both understand.
"""

# Statements are put together from contracts and rules, which are files of this repository.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from analytics.export.contract import Column, Contract

RULES: Traversable = files("analytics.export.quality") / "rules.json"
# As many broken rows are named.
NAMED = 5


@dataclass(frozen=True)
class Rule:
    """`broken`: SQL that is true of a row that breaks it. Empty: `unique`, or `rows`: there has to be one."""

    table: str
    name: str
    dqdl: str
    broken: str = ""
    unique: tuple[str, ...] = ()
    # Columns that the rule is about; shown of a row that breaks it.
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold, of how many rows, and some of them: key and what is wrong."""

    rule: str
    rows: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule}: {self.rows} rows, e.g. {'; '.join(self.examples)}" if self.rows else self.rule


# Answers a select with its rows.
Ask = Callable[[str], Sequence[Sequence[Any]]]


def rules(contract: Contract, path: Traversable = RULES) -> tuple[Rule, ...]:
    """All rules of a table. Raises KeyError, ValueError for a rule that names no column or is none."""
    said = json.loads(path.read_text()).get(contract.table, [])
    return (*_implied(contract), *(_said(contract, one) for one in said))


def dqdl(contract: Contract, path: Traversable = RULES) -> str:
    """The same for AWS::Glue::DataQualityRuleset."""
    return "Rules = [\n    " + ",\n    ".join(rule.dqdl for rule in rules(contract, path)) + "\n]"


def broken(contract: Contract, listed: Iterable[Rule], source: str, ask: Ask) -> list[Broken]:
    """Rules that do not hold of a source's rows (what stands after `from`), and which rows say so."""
    return [found for rule in listed if (found := _check(contract, rule, source, ask)) is not None]


def _check(contract: Contract, rule: Rule, source: str, ask: Ask) -> Broken | None:
    if rule.unique:
        keys = ", ".join(rule.unique)
        twice = f"select {keys}, count(*) as times from {source} group by {keys} having count(*) > 1"
        count, shown = f"select count(*) from ({twice}) as t", [*rule.unique, "times"]
        rows = f"select * from ({twice}) as t order by {keys} limit {NAMED}"
    elif rule.broken:
        shown = [*contract.key, *(name for name in rule.columns if name not in contract.key)]
        count = f"select count(*) from {source} where {rule.broken}"
        order = ", ".join(contract.key)
        rows = f"select {', '.join(shown)} from {source} where {rule.broken} order by {order} limit {NAMED}"
    else:
        return None if ask(f"select count(*) from {source}")[0][0] else Broken(f"{rule.table}: {rule.name}", 0, ())
    how_many = int(ask(count)[0][0])
    if not how_many:
        return None
    examples = tuple(
        ", ".join(
            f"{name}={'null' if value is None else str(value)[:80]}" for name, value in zip(shown, row, strict=True)
        )
        for row in ask(rows)
    )
    return Broken(f"{rule.table}: {rule.name}", how_many, examples)


def _implied(contract: Contract) -> Iterable[Rule]:
    names = " ".join(f'"{name}"' for name in contract.key)
    yield Rule(contract.table, f"{', '.join(contract.key)} is unique", f"IsPrimaryKey {names}", unique=contract.key)
    for column in contract.columns:
        if not column.nullable:
            yield Rule(
                contract.table, f"{column.name} is there", f'IsComplete "{column.name}"',
                broken=f"{column.name} is null", columns=(column.name,),
            )  # fmt: skip
        if column.bytes:
            yield Rule(
                contract.table, f"{column.name} has at most {column.bytes} bytes",
                f'ColumnLength "{column.name}" <= {column.bytes}' + _unless_null(column),
                broken=f"octet_length({column.name}) > {column.bytes}", columns=(column.name,),
            )  # fmt: skip


def _said(contract: Contract, said: Mapping[str, Any]) -> Rule:
    columns = {column.name: column for column in contract.columns}
    if said["rule"] == "rows":
        return Rule(contract.table, "there are rows", "RowCount > 0")
    if said["rule"] == "never":
        shown = tuple(columns[name].name for name in said["columns"])
        query = f"select count(*) from primary where {said['sql']}"
        return Rule(contract.table, said["name"], f'CustomSql "{query}" = 0', broken=said["sql"], columns=shown)
    column = columns[said["column"]]
    name, dq, wrong = _of_a_column(column, said)
    return Rule(
        contract.table, f"{column.name} {name}", f'ColumnValues "{column.name}" {dq}' + _unless_null(column),
        broken=wrong, columns=(column.name,),
    )  # fmt: skip


def _of_a_column(column: Column, said: Mapping[str, Any]) -> tuple[str, str, str]:
    name = column.name
    if said["rule"] == "at_least":
        least = int(said["value"])
        return f"is at least {least}", f">= {least}", f"{name} < {least}"
    if said["rule"] == "between":
        least, most = (int(value) for value in said["values"])
        return (
            f"is from {least} to {most}",
            f"between {least - 1} and {most + 1}",
            f"{name} not between {least} and {most}",
        )
    if said["rule"] == "in":
        values = said["values"]
        quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        dq = ", ".join(json.dumps(value) for value in values)
        return f"is one of {', '.join(values)}", f"in [{dq}]", f"{name} not in ({quoted})"
    if said["rule"] == "matches":
        return (
            f"is like {said['pattern']}", f'matches "{said["pattern"]}"',
            f"not regexp_like({name}, '^{said['pattern']}$')",
        )  # fmt: skip
    raise ValueError(f"no such rule: {said['rule']}")


def _unless_null(column: Column) -> str:
    return f' where "{column.name} is not null"' if column.nullable else ""
