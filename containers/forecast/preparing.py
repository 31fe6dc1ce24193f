"""The warehouse's tables made into objects of a panel, for training and for the transform."""

from __future__ import annotations

from containers.forecast.bundles import Bundle, split
from containers.forecast.places import Places
from containers.forecast.tables import plan, table


def prepare(places: Places) -> None:
    """`in` → `panel`, part-00000.zip and on. At least one, so that a transform has something to read."""
    folder, out = places.processing("in"), places.processing("panel")
    whole = Bundle(plan(folder), table(folder, "demand"), table(folder, "products"), table(folder, "availability"))
    out.mkdir(parents=True, exist_ok=True)
    number = 0
    for number, bundle in enumerate(split(whole), 1):
        (out / f"part-{number - 1:05}.zip").write_bytes(bundle.packed())
    if not number:
        (out / "part-00000.zip").write_bytes(whole.packed())
