"""A generated programme's redemptions: what was ordered, beside what was truly wanted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analytics.generator import programme
from analytics.generator.campaigns import LENGTH_DAYS
from bench.forecast.measuring import Run
from loyalty.demand.forecasting import panels

MEMBERS, DAYS, SEED = 50_000, 3 * 52 * 7, 20_250


def run() -> Run:
    """Weeks of the last of three years, thirteen ahead of each of its quarters; judged by what was wanted."""
    table, wanted = panel()
    days = panels.read(table)
    recorded = panels.read(table.drop_columns(["censored"])).y
    shape = (len(wanted), DAYS // 7, 7)
    seen = np.isfinite(recorded).reshape(shape).any(axis=2)
    return Run(
        "generated_week", days.by_week(), 13, (104, 117, 130, 143), wanted.reshape(shape).sum(axis=2),
        np.where(seen, np.nan_to_num(recorded).reshape(shape).sum(axis=2), np.nan),
    )  # fmt: skip


def panel(members: int = MEMBERS, days: int = DAYS, seed: int = SEED) -> tuple[pa.Table, np.ndarray]:
    """The table (units ordered a day, campaigns that are planned, days on which the shelf was empty), and the
    units wanted [products, days], which only the generator knows; nan before a product was there."""
    made = programme(seed, members, days)
    products = len(made.products.price_minor)
    shape = (products, days)
    at = made.redemptions.at
    day = (at.astype("datetime64[D]") - np.datetime64(made.first_day)).astype(int)[made.lines.redemption]
    ordered, wanted = np.zeros(shape), np.zeros(shape)
    np.add.at(ordered, (made.lines.product, day), made.lines.quantity)
    np.add.at(wanted, (made.lines.product, day), made.lines.accepted)
    truth = made.truth
    np.add.at(wanted, (truth.lost_product, truth.lost_day), truth.lost_units)
    empty = np.zeros(shape, dtype=bool)
    empty[truth.stock_out_product, truth.stock_out_day] = True
    since = made.products.launched_at.astype("datetime64[D]")
    launch = np.maximum((since - np.datetime64(made.first_day)).astype(int), 0)
    there = np.arange(days) >= launch[:, None]
    running = {kind: np.zeros(days) for kind in ("purchases", "redemptions")}
    for uplift in truth.uplifts:
        running[uplift.kind][uplift.first_day : uplift.first_day + LENGTH_DAYS] = 1
    of, when = np.nonzero(there)
    table = pa.table(
        {
            "unique_id": pa.array([f"p{one:03d}" for one in of]),
            "time": pa.array(np.datetime64(made.first_day) + when.astype("timedelta64[D]")),
            "y": ordered[of, when],
            "censored": empty[of, when],
            "campaign_purchases": running["purchases"][when],
            "campaign_redemptions": running["redemptions"][when],
            "category": pa.array([f"c{one}" for one in made.products.category[of]]),
        }
    )
    return table, np.where(there, wanted, np.nan)
