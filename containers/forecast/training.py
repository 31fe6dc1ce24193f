"""A training job: what it is given becomes a model that says how good it was on days it had not seen."""

from __future__ import annotations

import json
import math
import sys
import time
import zlib

import pyarrow.compute as pc  # type: ignore[import-untyped]

from containers.forecast.answering import panel_of
from containers.forecast.bundles import Bundle, keys, only, together
from containers.forecast.ending import Unusable
from containers.forecast.places import Places
from loyalty.demand.forecasting import train as learned

CHANNEL = "panel"
# What is learned is the same for all products; more of them teach nothing and cost memory (some 25 kB each).
MOST_SERIES = 10_000


def train(places: Places) -> None:
    """The channel `panel` → /opt/ml/model, and its measures as log lines (`measured wql=0.123`) and as a file."""
    began = time.monotonic()
    seed = _seed(places.hyperparameters())
    files = sorted(path for path in places.channel(CHANNEL).rglob("*") if path.is_file())
    panel = panel_of(_some(together([Bundle.unpacked(path.read_bytes()) for path in files])))
    if not panel.unique_ids:
        raise Unusable("there is no product to learn from")
    model = learned(panel, seed=seed)
    model.save(places.model)
    measured = {name: float(value) for name, value in model.measured.items() if math.isfinite(value)}
    places.results.mkdir(parents=True, exist_ok=True)
    (places.results / "measured.json").write_text(json.dumps(measured))
    # Metric definitions of the training job find these.
    for name, value in sorted(measured.items()):
        sys.stdout.write(f"measured {name}={value:.6f}\n")
    sys.stdout.write(f"trained in {time.monotonic() - began:.1f} s\n")


def _some(whole: Bundle, most: int = MOST_SERIES) -> Bundle:
    """Of too many products half the most asked for, and of the others a choice that is the same every time."""
    asked = keys(whole.demand)
    units = pc.if_else(pc.greater(whole.demand["units"], 0), whole.demand["units"], 0.0)
    counted = whole.demand.select([]).append_column("key", asked).append_column("units", units)
    total = counted.group_by("key").aggregate([("units", "sum")]).sort_by([("units_sum", "descending")])
    ranked = total["key"].to_pylist()
    if len(ranked) <= most and whole.products.num_rows <= most:
        return whole
    chosen = set(ranked[: most // 2])
    others = (set(ranked) | set(keys(whole.products).to_pylist())) - chosen
    chosen |= set(sorted(others, key=lambda key: (zlib.crc32(key.encode()), key))[: most - len(chosen)])
    return only(whole, chosen)


def _seed(hyperparameters: dict[str, str]) -> int:
    if strange := hyperparameters.keys() - {"seed"}:
        raise Unusable(f"there is no hyperparameter {sorted(strange)[0]}")
    try:
        return int(hyperparameters.get("seed", "0"))
    except ValueError:
        raise Unusable("the hyperparameter seed is a whole number") from None
