"""A night's results as the loader leaves them, made up: four products of which one is out, one soon may be, one has no
past and one is plenty. Numbers are round so that sums can be read."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from loyalty.database import Connection

OUT, SOON, YOUNG, PLENTY = "B0NIGHT001", "B0NIGHT002", "B0NIGHT003", "B0NIGHT004"
TITLES = {
    OUT: ("Night lamp of frosted glass", "home"),
    SOON: ("Night reading light, clips on", "home"),
    YOUNG: ("Night sky projector", "toys"),
    PLENTY: ("Night cap of merino wool", "clothing"),
}
LEVELS = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")
SHARES = (0.4, 0.5, 0.75, 1.0, 1.25, 1.5, 1.7)
UNITS_A_WEEK = {OUT: 14.0, SOON: 28.0, YOUNG: 2.0, PLENTY: 7.0}
WEEKS, DAYS, PAST_WEEKS, PAST_DAYS = 13, 28, 52, 90
CURRENT, BEFORE, REFUSED = "model-20261122", "model-20261115", "model-20261101"


def night(owner: Connection, program_id: int = 1, run_id: str = "night-1", pictures: tuple[str, ...] = ()) -> date:
    """The programme's current night; gives its last known day, yesterday. Whatever night there was goes."""
    row = owner.execute("select (clock.now() at time zone 'UTC')::date - 1 as as_of").fetchone()
    assert row is not None
    as_of: date = row["as_of"]
    forget(owner, program_id)
    _models(owner)
    health = {"wql_lately": 0.42, "wql_naive_lately": 0.71, "coverage80_lately": 0.81, "drifted": False, "series": 4}
    owner.execute(
        "insert into demand.night (program_id, run_id, as_of, model, state, health, began_at, loaded_at)"
        " values (%s, %s, %s, %s, 'current', %s, clock.now() - interval '2 hours', clock.now() - interval '1 hour')",
        (program_id, run_id, as_of, CURRENT, json.dumps(health)),
    )
    for ago in range(1, 9):
        told = {**health, "wql_lately": 0.42 + 0.02 * ago, "drifted": ago == 8}
        owner.execute(
            "insert into demand.night (program_id, run_id, as_of, model, state, health, began_at, loaded_at)"
            " select %s, %s, %s, %s, %s, %s, at, at from (select clock.now() - %s * interval '1 day') as n(at)",
            (program_id, f"{run_id}-{ago}", as_of - timedelta(ago), BEFORE,
             "stopped" if ago == 3 else "superseded", json.dumps({} if ago == 3 else told), ago),
        )  # fmt: skip
    for number, (asin, (title, category)) in enumerate(TITLES.items()):
        _product(owner, program_id, asin, title, category, pictures[number] if number < len(pictures) else None)
        _forecast(owner, program_id, asin, run_id, as_of)
    _outlooks(owner, program_id, run_id, as_of)
    _trends(owner, program_id, run_id, as_of)
    owner.execute(
        "insert into recommendations.similar (program_id, asin, others, scores, scored_at)"
        " values (%s, %s, %s, %s, clock.now())",
        (program_id, OUT, [PLENTY, SOON, YOUNG], [0.9, 0.8, 0.7]),
    )
    return as_of


def again(owner: Connection, program_id: int = 1) -> None:
    """The same morning once more, before anybody has done anything; cheaper than another night."""
    if (
        owner.execute("select from demand.night where program_id = %s and state = 'current'", (program_id,)).fetchone()
        is None
    ):
        night(owner, program_id)
        return
    for table in ("demand.alert", "demand.action", "catalogue.cap"):
        owner.execute(f"delete from {table} where program_id = %s", (program_id,))
    owner.execute("delete from demand.model")
    _models(owner)
    owner.execute("select demand.warn(%s, 0.5, 0.5)", (program_id,))


def forget(owner: Connection, program_id: int = 1) -> None:
    """As before the first night."""
    for table in ("demand.night", "demand.forecast", "demand.outlook", "demand.trend", "demand.alert", "demand.action",
                  "catalogue.cap", "catalogue.substitute", "recommendations.similar"):  # fmt: skip
        owner.execute(f"delete from {table} where program_id = %s", (program_id,))
    owner.execute("delete from demand.model")
    owner.execute(
        "update catalogue.curated set standing = null, featured = null where program_id = %s and asin = any (%s)",
        (program_id, list(TITLES)),
    )


def _models(owner: Connection) -> None:
    for version, state, reason, wql in (
        (CURRENT, "current", None, 0.42),
        (BEFORE, "previous", None, 0.45),
        (REFUSED, "refused", "1.2 times the error of repeating the past", 0.9),
    ):
        measured = {"wql": wql, "wql_naive": 0.75, "coverage80": 0.8, "series": 4}
        owner.execute(
            "insert into demand.model (version, trained_at, artefact, state, reason, measured, decided_at, decided_by)"
            " values (%s, clock.now() - interval '1 day', 's3://lake/insight/model.tar.gz', %s, %s, %s, clock.now(),"
            " 'the night')",
            (version, state, reason, json.dumps(measured)),
        )


def _product(owner: Connection, program_id: int, asin: str, title: str, category: str, picture: str | None) -> None:
    images = (
        [{"alternative_text": title, "thumbnail": {"url": picture, "width": 160, "height": 160}}] if picture else []
    )
    owner.execute(
        "insert into catalogue.product (program_id, asin, kind, title, category, category_name, images, first_seen_at)"
        " values (%s, %s, 'STANDARD', %s, %s, initcap(%s), %s, clock.now())"
        " on conflict (program_id, asin) do update set images = excluded.images",
        (program_id, asin, title, category, category, json.dumps(images)),
    )
    owner.execute(
        "insert into catalogue.offer (program_id, asin, offer_id, position, price_minor, currency, in_stock,"
        " min_quantity, condition, buying_guidance, shipping_minor, checked_at)"
        " values (%s, %s, 'OFFER', 0, 1999, 'USD', %s, 1, 'New', '', 0, clock.now()) on conflict do nothing",
        (program_id, asin, asin != OUT),
    )


def _forecast(owner: Connection, program_id: int, asin: str, run_id: str, as_of: date) -> None:
    young = asin == YOUNG
    for period, ahead, past, units in (
        ("week", WEEKS, PAST_WEEKS, UNITS_A_WEEK[asin]),
        ("day", DAYS, PAST_DAYS, UNITS_A_WEEK[asin] / 7),
    ):
        history: list[float | None] = [] if young else [units * (0.5 + (place % 5) / 4) for place in range(past)]
        if asin == OUT:
            history[-2:] = [None, None]
        steps = 7 if period == "week" else 1
        owner.execute(
            "insert into demand.forecast (program_id, asin, period, first_on, mean, q05, q10, q25, q50, q75, q90, q95,"
            " history_from, history, basis, run_id)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (program_id, asin, period, as_of + timedelta(1), [units] * ahead,
             *([units * share] * ahead for share in SHARES),
             None if young else as_of + timedelta(1) - timedelta(steps * past), history,
             "category" if young else "model", run_id),
        )  # fmt: skip


def _outlooks(owner: Connection, program_id: int, run_id: str, as_of: date) -> None:
    first_on = as_of + timedelta(1)
    evidence = {"quantity": 3, "days_of_stock": 1.5, "outages_90_days": 2, "median_outage_days": 6}
    back = (first_on + timedelta(4), first_on + timedelta(9))
    for asin, probability, by_day, cause, is_out, between, members in (
        (OUT, 1.0, [1.0] * 6 + [0.5] * 8, "out_of_stock", True, back, 18.5),
        (SOON, 0.7, [n / 20 for n in range(14)], "slow", False, (None, None), 9.25),
        (YOUNG, 0.2, [0.02] * 14, "below_floor", False, (None, None), 0.4),
        (PLENTY, 0.01, [0.001] * 14, "out_of_stock", False, (None, None), 0.0),
    ):  # fmt: skip
        owner.execute(
            "insert into demand.outlook (program_id, asin, first_on, probability, by_day, cause, is_out, back_from,"
            " back_until, members_disappointed, evidence, run_id)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (program_id, asin, first_on, probability, by_day, cause, is_out, *between, members,
             json.dumps(evidence if asin == SOON else {}), run_id),
        )  # fmt: skip
    owner.execute("select demand.warn(%s, 0.5, 0.5)", (program_id,))


def _trends(owner: Connection, program_id: int, run_id: str, as_of: date) -> None:
    first_on = as_of - timedelta(7 * PAST_WEEKS - 1)
    weeks = range(PAST_WEEKS)
    for asin, direction, percent in (
        (SOON, "rising", 2.5), (OUT, "falling", -1.5), (PLENTY, "steady", 0.1), (YOUNG, "unknown", None),
    ):  # fmt: skip
        told: dict[str, Any] = {"level": [], "season": [], "campaign": [], "units": []}
        if percent is not None:
            told["level"] = [10 * (1 + percent / 100) ** week for week in weeks]
            told["season"] = [float(week % 4) for week in weeks]
            told["campaign"] = [5.0 if week in (30, 31) else 0.0 for week in weeks]
            told["units"] = [round(sum(parts) + week % 3 - 1) for week, parts in
                             enumerate(zip(told["level"], told["season"], told["campaign"], strict=True))]  # fmt: skip
        known = percent is not None
        owner.execute(
            "insert into demand.trend (program_id, asin, direction, percent_a_week, low, high, p, q, campaign_percent,"
            " campaign_low, campaign_high, first_on, units, level, season, campaign, run_id)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (program_id, asin, direction, percent, percent - 0.8 if known else None, percent + 0.8 if known else None,
             0.001 if known else None, 0.004 if known else None, 40.0 if asin == SOON else None,
             10.0 if asin == SOON else None, 75.0 if asin == SOON else None, first_on, told["units"], told["level"],
             told["season"], told["campaign"], run_id),
        )  # fmt: skip
