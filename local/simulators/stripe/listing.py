"""Payment intents listed by the time of their making, in pages."""

from __future__ import annotations

from typing import Any

from local.simulators.stripe import forms, objects
from local.simulators.stripe.files import File
from local.simulators.stripe.refusals import invalid, missing

MOST, USUAL = 100, 10


def intents(file: File, form: forms.Form) -> dict[str, Any]:
    """Newest first, those made in a time, those after one of them."""
    forms.only(form, "created", "limit", "starting_after", "expand")
    limit = forms.integer(form, "limit")
    if limit is not None and not 1 <= limit <= MOST:
        raise invalid("parameter_invalid_integer", "limit")
    made = forms.only(form.get("created", {}), "gt", "gte", "lt", "lte", within="created")
    limits = {name: forms.integer(made, name) for name in made}
    rows = file.all("select * from intents order by rowid desc")
    chosen = [row for row in rows if _within(objects.seconds(row["created_at"]) or 0, limits)]
    if after := form.get("starting_after"):
        names = [row["intent_id"] for row in chosen]
        if after not in names:
            raise missing("intent", after)
        chosen = chosen[names.index(after) + 1 :]
    expanded = "data.latest_charge" in (form.get("expand") or [])
    shown = [objects.shown_intent(file, row, expanded=expanded) for row in chosen[: limit or USUAL]]
    return {"object": "list", "url": "/v1/payment_intents", "has_more": len(chosen) > len(shown), "data": shown}


def _within(made: int, limits: dict[str, int | None]) -> bool:
    compare = {"gt": made.__gt__, "gte": made.__ge__, "lt": made.__lt__, "lte": made.__le__}
    return all(limit is None or compare[name](limit) for name, limit in limits.items())
