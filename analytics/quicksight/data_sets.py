"""The data source, and a data set a metric: its SQL without filters, kept in SPICE, refreshed after a load.

Amounts are in the currency's own unit here (12.05, not 1205): QuickSight has no minor units. All else is the metric's.
"""

from __future__ import annotations

import re
from typing import Any

from analytics.metrics.definition import Column, Metric
from analytics.metrics.views import without_filters
from analytics.quicksight.place import Place
from loyalty.currencies import MINOR_DIGITS

SOURCE = "warehouse"
TYPES = {"text": "STRING", "date": "DATETIME", "whole": "INTEGER", "fraction": "DECIMAL"}
PER_UNIT = {
    10**digits: tuple(currency for currency, its in MINOR_DIGITS.items() if its == digits)
    for digits in sorted(set(MINOR_DIGITS.values()))
}


def data_source(
    place: Place, *, host: str, port: int, database: str, secret_arn: str, vpc_connection_arn: str
) -> dict[str, Any]:
    """For CreateDataSource: the warehouse over TLS from inside the VPC, with the secret's user."""
    return {
        "AwsAccountId": place.account,
        "DataSourceId": place.id(SOURCE),
        "Name": "Loyalty warehouse",
        "Type": "REDSHIFT",
        "DataSourceParameters": {"RedshiftParameters": {"Host": host, "Port": port, "Database": database}},
        "Credentials": {"SecretArn": secret_arn},
        "VpcConnectionProperties": {"VpcConnectionArn": vpc_connection_arn},
        "SslProperties": {"DisableSsl": False},
    }


def data_set(place: Place, metric: Metric) -> dict[str, Any]:
    """For CreateDataSet."""
    return {
        "AwsAccountId": place.account,
        "DataSetId": place.id(metric.name),
        "Name": metric.title,
        "ImportMode": "SPICE",
        "PhysicalTableMap": {
            metric.name.replace("_", "-"): {
                "CustomSql": {
                    "DataSourceArn": place.arn("datasource", SOURCE),
                    "Name": metric.name,
                    "SqlQuery": query(metric, place.program_id),
                    "Columns": [{"Name": column.name, "Type": column_type(column)} for column in metric.columns],
                }
            }
        },
    }


def column_type(column: Column) -> str:
    return "DECIMAL" if column.format == "money" else TYPES[column.type]


def query(metric: Metric, program_id: int) -> str:
    """The SQL of the data set, one statement, in Redshift's words and without comments."""
    columns = ", ".join(_shown(column) for column in metric.columns)
    sql = re.sub(r"^\s*--.*\n", "", without_filters(metric, program_id), flags=re.MULTILINE)
    return f"select {columns}\nfrom (\n{sql}\n) m"


def _shown(column: Column) -> str:
    if column.format != "money":
        return f"m.{column.name}"
    cases = " ".join(
        f"when m.currency in ({', '.join(repr(currency) for currency in currencies)}) then {minor}"
        for minor, currencies in PER_UNIT.items()
    )
    return f"cast(m.{column.name} as double precision) / case {cases} else 100 end as {column.name}"
