"""What is asked of the database, the same by DuckDB and by Spark."""

# Statements are put together from contracts, which are files of this repository, and from numbers.
# ruff: noqa: S608

from __future__ import annotations

from analytics.export.contract import Contract

INSTANCE = "select cluster_id, epoch, writer, xmin, xmax from lake.instance"


def columns_of(contract: Contract) -> str:
    """A view's columns in order, as (name, type); none if it is not there or may not be read."""
    return (
        "select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute as a"
        f" where a.attrelid = to_regclass('{contract.source}') and a.attnum > 0 and not a.attisdropped"
        " and has_table_privilege(a.attrelid, 'select') order by a.attnum"
    )


def totals_of(contract: Contract, condition: str) -> str:
    """How many rows are to come, and the sum of each summed column, as text."""
    sums = "".join(f", sum({name})::text as {name}" for name in contract.summed)
    return f"select count(*)::text as rows{sums} from {contract.source} where {condition}"


def rows_of(contract: Contract, condition: str) -> str:
    """The rows, with the contract's columns in order."""
    names = ", ".join(column.name for column in contract.columns)
    return f"select {names} from {contract.source} where {condition}"
