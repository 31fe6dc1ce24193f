"""Reports: each metric of the catalogue with its words, and its answer from the warehouse as of the night before.
Answered by `report_desk`, which alone asks the warehouse.

Environment: REDSHIFT_WORKGROUP and REDSHIFT_DATABASE; without them there is no lake, and every route says so.
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from analytics.metrics import catalogue
from analytics.metrics.definition import SHEETS, Metric
from lambdas.http import Router, View, logger
from lambdas.manager_routes.finance import CSV, table
from lambdas.staff import staff
from loyalty import aws
from loyalty.currencies import minor_digits
from loyalty.refusal import Kind, Refusal
from loyalty.reports.warehouse import Cell, StatementFailed, Table, Warehouse
from loyalty.spreadsheet import harmless

router = Router()

# How long a function believes what it knows of the last load: asking wakes a warehouse that sleeps for nothing.
STANDING_SECONDS = 60.0
# And an answer about the same load: the last tables of a night are made after its last batch.
KEPT_SECONDS = 600.0
# Answers that a function keeps; a report is some kilobytes.
MOST_KEPT = 200

LOADED = """\
select cast(max(loaded_at) as varchar(40)) as loaded_at, cast(sum(batch) as varchar(40)) as batches
from loyalty.loaded"""
CHOICES = """\
select 'tier' as filter, tier as choice, coalesce(name, tier) as words, rank as place
from loyalty.dim_tier where program_id = cast(:program_id as integer)
union all
select 'category' as filter, category as choice, category as words, 0 as place
from loyalty.dim_product where program_id = cast(:program_id as integer) and category is not null group by category
union all
select 'campaign' as filter, campaign as choice, campaign as words, 0 as place
from loyalty.dim_campaign where program_id = cast(:program_id as integer)
union all
select 'currency' as filter, x.currency as choice, x.currency as words, cast(0 - sum(x.used) as integer) as place
from (
    select currency, count(*) as used from loyalty.fact_redemption_line
    where program_id = cast(:program_id as integer) group by currency
    union all
    select currency, count(*) as used from loyalty.fact_money
    where program_id = cast(:program_id as integer) group by currency
    union all
    select currency, 0 as used from loyalty.ref_rate where program_id = cast(:program_id as integer) group by currency
) x
group by x.currency
order by filter, place, words"""

Sheet = Literal["customers", "points", "products", "seasonality", "campaigns", "operations"]
Filter = Literal["from_day", "to_day", "tier", "category", "campaign"]
Kept = Literal["points", "money", "percent", "count", "days", "ratio"]
Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
_DAY = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
From = Annotated[str | None, Query(alias="from", pattern=_DAY, description="The first day that counts.")]
To = Annotated[str | None, Query(pattern=_DAY, description="The last day that counts.")]
Choice = Annotated[str | None, Query(min_length=1, max_length=catalogue.LONGEST_CHOICE)]
Currency = Annotated[
    str | None,
    Query(pattern=r"^[A-Z]{3}$", description="Rows of one currency only, where the report has money or prices."),
]


class ReportColumn(View):
    """A column of an answer. `description` is a measure's; money is in minor units of the row's `currency`, percent a
    share (1 is all)."""

    name: str
    title: str
    kind: Literal["text", "date", "month", "number", "measure"]
    format: Kept | None
    description: str | None


class ReportChart(View):
    """How it is drawn: `x`, `y` and `colour` are columns; `value` is a heatmap's; `range`: between which `y` may be."""

    kind: Literal["line", "bar", "stacked", "heatmap", "table", "area"]
    x: str | None
    y: list[str]
    colour: str | None
    value: str | None
    range: list[str]


class MetricView(View):
    """A metric in words. `drill`: the metric that says more; `filters`: those it heeds; `empty`: how there comes to be
    something, where a programme may well have nothing of it yet."""

    name: str
    title: str
    sheet: Sheet
    question: str
    description: str
    filters: list[Filter]
    columns: list[ReportColumn]
    chart: ReportChart
    drill: str | None
    empty: str | None


class ReportChoice(View):
    """A value of a filter, and what people call it."""

    value: str
    words: str


class Reports(View):
    """`standing`: whether there is anything to ask yet. `loaded_at` is when the newest batch came into the warehouse;
    `choices` are what the filters can be set to; of currencies the one with most comes first."""

    standing: Literal["loaded", "never-loaded", "not-ready", "away"]
    loaded_at: datetime | None
    sheets: list[Sheet]
    metrics: list[MetricView]
    choices: dict[Literal["tier", "category", "campaign", "currency"], list[ReportChoice]]


class MetricAnswer(View):
    """A metric's answer: `rows` have a value for each of `columns`. `whole`: there are no more rows than these."""

    metric: str
    columns: list[str]
    rows: list[list[Any]]
    whole: bool
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """What was loaded last: `mark` is another after each load, and after KEPT_SECONDS."""

    mark: str
    loaded_at: datetime


class Asked:
    """The warehouse, and what it has answered since its last load."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._load: tuple[float, Load] | None = None
        self._kept: OrderedDict[tuple[Any, ...], Table] = OrderedDict()

    def load(self) -> Load:
        """Raises Refusal `never-loaded` before the first night."""
        if self._load and time.monotonic() - self._load[0] < STANDING_SECONDS:
            return self._load[1]
        try:
            # Another minute, another question: the last load changes under the same words.
            answer = self._warehouse.ask(LOADED, {}, f"at {time.time() // STANDING_SECONDS:.0f}")
        except StatementFailed as failure:
            if "does not exist" in str(failure):
                raise _never() from None
            raise _failed(failure, "loaded") from None
        loaded_at, batches = answer.rows[0] if answer.rows else (None, None)
        if loaded_at is None:
            raise _never()
        mark = f"{loaded_at}/{batches}/{time.time() // KEPT_SECONDS:.0f}"
        load = Load(mark, datetime.fromisoformat(str(loaded_at)).replace(tzinfo=UTC))
        self._load = (time.monotonic(), load)
        return load

    def answer(self, name: str, sql: str, parameters: dict[str, str], load: Load) -> Table:
        """Its rows, once a load."""
        key = (name, *sorted(parameters.items()), load.mark)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        try:
            answer = self._warehouse.ask(sql, parameters, load.mark)
        except StatementFailed as failure:
            raise _failed(failure, name) from None
        self._kept[key] = answer
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return answer


@router.get("/reports", summary="What reports there are, and when the warehouse was loaded")
def get_reports() -> Reports:
    who, asked = staff(router), _asked()
    standing: Literal["loaded", "never-loaded", "not-ready", "away"] = "loaded"
    loaded_at, choices = None, {}
    try:
        load = asked.load()
        loaded_at = load.loaded_at
        choices = _choices(asked.answer("choices", CHOICES, {"program_id": str(who.program_id)}, load))
    except Refusal as refusal:
        match refusal.code:
            case "never-loaded":
                standing = "never-loaded"
            case "report-not-ready":
                standing = "not-ready"
            case _:
                standing = "away"
    return Reports(
        standing=standing,
        loaded_at=loaded_at,
        sheets=list(SHEETS),
        metrics=[_metric_view(metric) for metric in catalogue.metrics()],
        choices=choices,
    )


@router.get("/reports/<metric>", summary="One report")
def get_report(
    metric: Named, day_from: From = None, to: To = None, tier: Choice = None, category: Choice = None,
    campaign: Choice = None, currency: Currency = None,
) -> MetricAnswer:  # fmt: skip
    asked_of, load, answer = _answered(metric, day_from, to, tier, category, campaign)
    answer = _of_currency(answer, currency)
    return MetricAnswer(
        metric=asked_of.name,
        columns=list(answer.columns),
        rows=answer.rows,
        whole=answer.whole,
        loaded_at=load.loaded_at,
    )


@router.get("/reports/<metric>/table.csv", summary="One report as a table", responses=CSV)
def get_report_csv(
    metric: Named, day_from: From = None, to: To = None, tier: Choice = None, category: Choice = None,
    campaign: Choice = None, currency: Currency = None,
) -> Response[str]:  # fmt: skip
    asked_of, _, answer = _answered(metric, day_from, to, tier, category, campaign)
    answer = _of_currency(answer, currency)
    money = {column.name for column in asked_of.columns if column.format == "money"}
    place = answer.columns.index("currency") if money else 0
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(answer.columns)
    for row in answer.rows:
        digits = minor_digits(str(row[place])) if money else 0
        writer.writerow(
            [
                _major(cell, digits) if name in money else _written(cell)
                for name, cell in zip(answer.columns, row, strict=True)
            ]
        )
    return table(asked_of.name, file.getvalue())


def _answered(
    name: str, day_from: str | None, to: str | None, tier: str | None, category: str | None, campaign: str | None
) -> tuple[Metric, Load, Table]:
    who, asked = staff(router), _asked()
    try:
        asked_of = catalogue.metric(name)
    except KeyError:
        raise Refusal(Kind.NOT_FOUND, "not-found", "There is no such report.") from None
    said = {"from_day": day_from, "to_day": to, "tier": tier, "category": category, "campaign": campaign}
    try:
        parameters = catalogue.parameters(asked_of, who.program_id, said)
    except ValueError as error:
        field = "to" if "to_day" in str(error).split(" is ")[0] else "from"
        words = str(error).replace("from_day", "The first day").replace("to_day", "the last day")
        raise Refusal(Kind.INVALID, "invalid", f"{words[:1].upper()}{words[1:]}.", field=field) from None
    load = asked.load()
    return asked_of, load, asked.answer(name, asked_of.sql, parameters, load)


def _of_currency(answer: Table, currency: str | None) -> Table:
    """Only its rows, if rows have one: amounts of two currencies side by side are easily read as one."""
    if currency is None or "currency" not in answer.columns:
        return answer
    place = answer.columns.index("currency")
    return replace(answer, rows=[row for row in answer.rows if row[place] == currency])


def _major(cell: Cell, digits: int) -> Cell:
    """1205 cents as 12.05, as spreadsheets count; fractions of a cent keep theirs."""
    if not isinstance(cell, int | float):
        return cell
    return f"{Decimal(str(cell)).scaleb(-digits):f}"


def _written(cell: Cell) -> Cell:
    return harmless(cell) if isinstance(cell, str) else cell


def _metric_view(metric: Metric) -> MetricView:
    described = {measure.name: measure.description for measure in metric.measures}
    return MetricView(
        name=metric.name,
        title=metric.title,
        sheet=metric.sheet,
        question=metric.question,
        description=metric.description,
        filters=list(metric.filters),
        columns=[
            ReportColumn(
                name=column.name,
                title=column.title,
                kind=column.kind,
                format=column.format,
                description=described.get(column.name),
            )
            for column in metric.columns
        ],
        chart=ReportChart(
            kind=metric.chart.kind,
            x=metric.chart.x,
            y=list(metric.chart.y),
            colour=metric.chart.colour,
            value=metric.chart.value,
            range=list(metric.chart.range),
        ),
        drill=metric.drill,
        empty=metric.empty,
    )


def _choices(answer: Table) -> dict[Any, list[ReportChoice]]:
    found: dict[str, list[ReportChoice]] = {}
    for filtered, choice, words, _ in answer.rows:
        found.setdefault(str(filtered), []).append(ReportChoice(value=str(choice), words=str(words)))
    return found


def _never() -> Refusal:
    return Refusal(
        Kind.CONFLICT,
        "never-loaded",
        "The warehouse is empty until the first night: then it is loaded from the programme.",
    )


def _failed(failure: StatementFailed, name: str) -> Refusal:
    # The warehouse's words name columns and types, nobody's data.
    logger.error("a report's statement failed", extra={"report": name, "reason": str(failure)[:300]})
    return Refusal(
        Kind.UNAVAILABLE, "report-failed", "The warehouse could not count this report.", retry_after_seconds=60
    )


def _asked() -> Asked:
    workgroup, database = os.environ.get("REDSHIFT_WORKGROUP"), os.environ.get("REDSHIFT_DATABASE")
    if not workgroup or not database:
        raise Refusal(Kind.CONFLICT, "reports-off", "Reports are switched off here: the deployment has no lake.")
    return _kept_asked(workgroup, database)


@cache
def _kept_asked(workgroup: str, database: str) -> Asked:
    return Asked(Warehouse(_client(), workgroup, database))


def _client() -> Any:
    # Tries of its own would hold the page longer than the gateway does.
    return aws.client("redshift-data", connect_seconds=3, attempts=2)
