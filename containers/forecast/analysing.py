"""What the night found beside the forecasts: recommendations, trends, outlooks, and how good the forecasts were."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from containers.forecast.bundles import Bundle
from containers.forecast.ending import Unusable
from containers.forecast.health import Key, Line, health
from containers.forecast.lines import write
from containers.forecast.places import Places
from containers.forecast.tables import plan, table
from loyalty.demand import outlook, own_stock, trends
from loyalty.recommendations import engine


def analyse(places: Places) -> None:
    """`in`, `forecast` and, where there are any, `earlier` forecasts → a folder of lines each, and health.json.

    Everything goes to `out` below /opt/ml/processing.
    """
    folder, out = places.processing("in"), places.processing("out")
    tonight = plan(folder)
    whole = Bundle(tonight, table(folder, "demand"), table(folder, "products"), table(folder, "availability"))
    wanted = {
        (line["program_id"], line["asin"]): array("f", line["mean"][: outlook.AHEAD])
        for line in by_day(places.processing("forecast"))
    }
    made = {**_demanded(whole, wanted), **_liked(folder, whole)}
    counted = {"series": len(wanted), "products": whole.products.num_rows}
    for name, found in made.items():
        counted[name] = write(out / name, (asdict(one) for one in found()))
        sys.stdout.write(f"{name}: {counted[name]} lines\n")
    told = health(whole, by_day(places.processing("earlier"))) | counted
    (out / "health").mkdir(parents=True, exist_ok=True)
    (out / "health" / "health.json").write_text(json.dumps(told, allow_nan=False))


def _demanded(whole: Bundle, wanted: Mapping[Key, Sequence[float]]) -> dict[str, Callable[[], Iterable[Any]]]:
    """What rises and falls, and what will not be had. `wanted`: units a day, the next days."""
    tonight = whole.plan
    return {
        "trends": partial(trends.trends, whole.demand, whole.products, whole.availability, tonight.as_of),
        "outlooks": partial(_outlooks, whole, wanted),
    }


def _outlooks(whole: Bundle, wanted: Mapping[Key, Sequence[float]]) -> list[outlook.Outlook]:
    tonight = whole.plan
    kept = {key: own_stock.Kept(*told) for key, told in tonight.own_stock.items()}
    reorders = own_stock.reorders(whole.demand, whole.products, whole.availability, tonight.as_of, kept, wanted)
    return outlook.outlooks(whole.availability, wanted, tonight.as_of, tonight.slow_days, own_stock=reorders)


def _liked(folder: Path, whole: Bundle) -> dict[str, Callable[[], Iterable[Any]]]:
    """What members might like, what goes with what, and what is in demand."""
    trained = engine.train(table(folder, "interactions"), whole.products, whole.plan.as_of)
    return {
        "members": partial(trained.members, table(folder, "consents")),
        "similar": trained.similar,
        "trending": trained.trending,
    }


def by_day(folder: Path) -> Iterator[Line]:
    """A transform's lines by day; none where there is no such folder. Raises Unusable."""
    for path in sorted(folder.rglob("*.out")):
        with path.open("rb") as file:
            for line in file:
                try:
                    told = json.loads(line)
                    if told["period"] != "day":
                        continue
                    _ = told["program_id"], told["asin"], told["first_on"], told["mean"], told["history"]
                except (ValueError, KeyError, TypeError):
                    raise Unusable(f"{path.name} is no transform's output") from None
                yield told
