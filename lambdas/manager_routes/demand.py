"""What will be asked for, what rises and falls, and how good the model is that says so. Answered by `demand_desk`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import StringConstraints

from lambdas.http import Router, View
from lambdas.manager_routes.risks import (
    AsinPath,
    CategoryFilter,
    Named,
    NightSeen,
    RiskSeen,
    Search,
    lately,
    night_seen,
    number,
    place_after,
    risk_seen,
    skipped,
)
from lambdas.staff import staff
from loyalty.database import database
from loyalty.demand import models, showing
from loyalty.demand.showing import Wanted

router = Router()

Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str | None, Query(max_length=6), StringConstraints(pattern=r"^[0-9]+$")]
Version = Annotated[str, Path(), StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]
Basis = Literal["model", "category", "nothing"]
Direction = Literal["rising", "falling", "steady", "unknown"]


class ExpectedSeen(Named):
    """A product's next four weeks. `low` and `high`: the weeks' 80 % ranges added up, as if each were as low, or as
    high, as the others: rather too wide than too narrow. `before`: the four weeks that were (None: not to be had).
    `weeks` begin on `first_on`, `history` ends there; None in it: it could not be had. `probability`: that it cannot be
    had within 14 days."""

    basis: Basis
    first_on: date
    units: float
    low: float
    high: float
    before: float | None
    weeks: list[float]
    weeks_low: list[float]
    weeks_high: list[float]
    history: list[float | None]
    probability: float | None
    is_out: bool


class CategoryExpected(View):
    """Four weeks of a category ('': of products without one). Two 80 % ranges: `apart`, as if products went their own
    ways, and `together`, as if all came low, or high, at once; the true one is neither, and lies between them."""

    category: str
    category_name: str | None
    products: int
    units: float
    low_apart: float
    high_apart: float
    low_together: float
    high_together: float
    before: float | None


class WeekExpected(View):
    """A week of all that fits: `units` that were asked for, or `mean` that will be, with the same two ranges."""

    week_on: date
    units: float | None
    mean: float | None
    low_apart: float | None
    high_apart: float | None
    low_together: float | None
    high_together: float | None


class Forecasts(View):
    """A page of products; `categories` and `weeks` are of everything that fits. `night` None: there was none yet."""

    night: NightSeen | None
    found: int
    products: list[ExpectedSeen]
    categories: list[CategoryExpected]
    weeks: list[WeekExpected]
    after: str | None


class Curve(View):
    """A forecast by `period` from `first_on`: each one's mean and seven quantiles; `history` from `history_from` up to
    it."""

    period: Literal["day", "week"]
    first_on: date
    mean: list[float]
    q05: list[float]
    q10: list[float]
    q25: list[float]
    q50: list[float]
    q75: list[float]
    q90: list[float]
    q95: list[float]
    history_from: date | None
    history: list[float | None]


class TrendSeen(Named):
    """Percent a week without season and campaigns, with its range; `q`: the share of false alarms among all that are
    called rising or falling with as much certainty. `campaign_percent`: what campaigns added, None: it was in none. The
    arrays are weeks from `first_on`."""

    direction: Direction
    percent_a_week: float | None
    low: float | None
    high: float | None
    q: float | None
    campaign_percent: float | None
    campaign_low: float | None
    campaign_high: float | None
    first_on: date
    units: list[float]
    level: list[float]
    season: list[float]
    campaign: list[float]


class Forecast(Named):
    """All that was worked out for one product."""

    night: NightSeen | None
    basis: Basis
    curves: list[Curve]
    risk: RiskSeen | None
    trend: TrendSeen | None


class Trends(View):
    """A page of the trends, the strongest first; `counts`: how many products go which way."""

    night: NightSeen | None
    counts: dict[Direction, int]
    found: int
    trends: list[TrendSeen]
    after: str | None


class NightPast(View):
    """A night and how well its forecasts did lately, beside repeating the past (wql: smaller is better)."""

    run_id: str
    as_of: date
    began_at: datetime
    loaded_at: datetime | None
    model: str | None
    state: Literal["loading", "current", "superseded", "stopped"]
    wql_lately: float | None
    wql_naive_lately: float | None
    coverage80_lately: float | None
    drifted: bool


class ModelSeen(View):
    """A model that was trained, and how it did on weeks it had not seen. `reason`: why it was refused."""

    version: str
    trained_at: datetime
    state: Literal["candidate", "current", "previous", "refused"]
    reason: str | None
    wql: float | None
    wql_naive: float | None
    coverage80: float | None
    series: float | None
    decided_at: datetime | None
    decided_by: str | None


class Health(View):
    """The night that is shown, those before it, and the models."""

    night: NightSeen | None
    nights: list[NightPast]
    models: list[ModelSeen]


@router.get("/demand/forecast", summary="What will be asked for in the next four weeks")
def get_forecast(
    search: Search = None,
    category: CategoryFilter = None,
    sort: Literal["units", "growth", "range", "title"] = "units",
    limit: Limit = 50,
    after: After = None,
) -> Forecasts:
    who, connection = staff(router), database().connection()
    wanted = Wanted(search, category, skipped(after), limit)
    rows = showing.expected(connection, who.program_id, wanted, sort)
    return Forecasts(
        night=night_seen(connection, who.program_id),
        found=rows[0]["found"] if rows else 0,
        products=[ExpectedSeen(**row) for row in rows],
        categories=[CategoryExpected(**row) for row in showing.by_category(connection, who.program_id, search)],
        weeks=[WeekExpected(**row) for row in showing.by_week(connection, who.program_id, wanted)],
        after=place_after(rows, wanted),
    )


@router.get("/demand/forecast/<asin>", summary="One product's forecast with its risk and its trend")
def get_forecast_of(asin: AsinPath) -> Forecast:
    who, connection = staff(router), database().connection()
    rows = showing.forecast_of(connection, who.program_id, asin)
    risks = showing.risks(connection, who.program_id, Wanted(most=1), of_asin=asin)
    trends = showing.trends(connection, who.program_id, Wanted(most=1), of_asin=asin)
    named = {name: rows[0][name] for name in ("title", "image", "category", "category_name", "basis")}
    return Forecast(
        asin=asin,
        **named,
        night=night_seen(connection, who.program_id),
        curves=[Curve(**row) for row in rows],
        risk=risk_seen(risks[0]) if risks else None,
        trend=TrendSeen(**trends[0]) if trends else None,
    )


@router.get("/demand/trends", summary="What rises and what falls, without season and campaigns")
def get_trends(
    direction: Direction | None = None,
    search: Search = None,
    category: CategoryFilter = None,
    limit: Limit = 20,
    after: After = None,
) -> Trends:
    who, connection = staff(router), database().connection()
    wanted = Wanted(search, category, skipped(after), limit)
    rows = showing.trends(connection, who.program_id, wanted, direction=direction)
    return Trends(
        night=night_seen(connection, who.program_id),
        counts=showing.trends_in_all(connection, who.program_id),
        found=rows[0]["found"] if rows else 0,
        trends=[TrendSeen(**row) for row in rows],
        after=place_after(rows, wanted),
    )


@router.get("/demand/health", summary="How good the forecasts are, night by night and model by model")
def get_health() -> Health:
    who, connection = staff(router), database().connection()
    return Health(
        night=night_seen(connection, who.program_id),
        nights=[_night_past(row) for row in showing.nights(connection, who.program_id)],
        models=[_model_seen(row) for row in showing.models(connection)],
    )


@router.post("/demand/models/<version>/restore", summary="Forecast by an earlier model from the next night on")
def post_restore(version: Version) -> Health:
    who = staff(router)
    models.restore(database().connection(), version, f"staff:{who.subject}")
    return get_health()


def _night_past(row: dict[str, Any]) -> NightPast:
    return NightPast(**lately(row.pop("health")), **row)


def _model_seen(row: dict[str, Any]) -> ModelSeen:
    told = row.pop("measured")
    return ModelSeen(**row, **{name: number(told.get(name)) for name in ("wql", "wql_naive", "coverage80", "series")})
