"""Views of the warehouse for whoever brings a tool of their own: each metric with no filter set, for one programme.

    for statement in create(program_id=1): …

A view is `loyalty.metric_<name>`, with the metric's columns after `program_id`. What it answers is what the report page
answers without filters: the SQL is the metric's, and only its parameters are values.
"""

from __future__ import annotations

from collections.abc import Iterable

from analytics.metrics.catalogue import metrics, parameters
from analytics.metrics.checking import PARAMETER
from analytics.metrics.definition import Metric
from analytics.metrics.dimensions import PROGRAM, UNSET

SCHEMA = "loyalty"
READER = "reporter"


def create(program_id: int, of: Iterable[Metric] | None = None) -> list[str]:
    """The statements, in Redshift's SQL, that put the views there anew, for the warehouse's readers; run as its owner,
    once its tables and roles are there (`statements.bootstrap`)."""
    made: list[str] = []
    for metric in metrics() if of is None else of:
        name = f"{SCHEMA}.metric_{metric.name}"
        columns = ", ".join(f"m.{column.name}" for column in metric.columns)
        made += [
            f"drop view if exists {name}",
            f"create view {name} as\nselect {int(program_id)} as {PROGRAM}, {columns}\n"
            f"from (\n{without_filters(metric, program_id)}\n) m",
            f"grant select on {name} to role {READER}",
        ]
    return made


def without_filters(metric: Metric, program_id: int) -> str:
    """The metric's SQL with every parameter the value that lets all through; text of ours only, nobody's input."""
    values = parameters(metric, program_id, {})
    assert all(values[name] == UNSET[name] for name in metric.filters)
    return PARAMETER.sub(lambda found: f"'{values[found[1]]}'", metric.sql.strip())
