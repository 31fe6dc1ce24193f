"""Where a table of the lake goes in the warehouse, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

type Rule = Literal["append", "merge", "group", "version"]


@dataclass(frozen=True, slots=True)
class Target:
    """`rule`: append (a row never changes), merge (the latest row of a key), group (all rows of a group are replaced),
    version (load/member.sql). `day`: the target's column `day` is made of this one. `touches`: whose derived rows have
    to be made again, by the columns of base.touched_*."""

    table: str
    rule: Rule
    day: str | None = None
    touches: str | None = None

    @property
    def numbered(self) -> bool:
        """Whether the rows say by which batch they were last written."""
        return self.rule != "append"


TARGETS = {
    "accrual": Target("loyalty.fact_accrual", "append", day="occurred_at"),
    "availability": Target("loyalty.fact_availability", "append", day="noted_at"),
    "campaign": Target("loyalty.dim_campaign", "merge"),
    "campaign_participant": Target("loyalty.fact_participation", "append"),
    "catalogue_view": Target("loyalty.fact_catalogue_view", "append", day="seen_at"),
    "invoice": Target("base.invoice", "merge", touches="invoice"),
    "invoice_line": Target("base.invoice_line", "group", touches="invoice"),
    "lot_entry": Target("loyalty.fact_lot_entry", "append"),
    "member": Target("base.member_version", "version", touches="member"),
    "money": Target("loyalty.fact_money", "merge", day="happened_at"),
    "points_entry": Target("loyalty.fact_points_entry", "append", day="occurred_at"),
    "points_movement": Target("loyalty.fact_points_movement", "merge"),
    "personalised": Target("loyalty.dim_personalised", "merge"),
    "preference": Target("loyalty.dim_preference", "merge"),
    "product": Target("loyalty.dim_product", "merge"),
    "rate": Target("loyalty.ref_rate", "merge"),
    "redemption": Target("base.redemption", "merge", touches="redemption"),
    "redemption_line": Target("base.redemption_line", "merge", touches="redemption"),
    "shipment": Target("base.shipment", "group", touches="redemption"),
    "tier": Target("loyalty.dim_tier", "merge"),
    "tier_change": Target("loyalty.fact_tier_change", "append", day="changed_at", touches="member"),
    "units_back": Target("base.units_back", "append", touches="redemption"),
    "viewer": Target("loyalty.dim_viewer", "merge"),
    "wish": Target("loyalty.fact_wish", "merge", day="added_at"),
}

# The key of base.touched_<what>, beside the programme.
TOUCHED = {"member": "member_key", "redemption": "redemption_id", "invoice": "invoice_id"}
