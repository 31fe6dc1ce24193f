"""Who takes part in a campaign: members of its segment, but for those who do without so that there is a comparison."""

from __future__ import annotations

import hashlib

from loyalty.programme.schema.campaigns import Campaign, Shopper


def takes_part(campaign: Campaign, shopper: Shopper) -> bool:
    """Whether the campaign does something for this member while it is on."""
    return campaign.segment.has(shopper) and not held_out(campaign, shopper.member_id)


def held_out(campaign: Campaign, member_id: int) -> bool:
    """Whether the member is of those who do without: the same ones every time, others for every campaign.

    campaigns.held_out in database/campaigns/1_state.sql picks the same.
    """
    picked = int.from_bytes(hashlib.sha256(f"{campaign.code}|{member_id}".encode()).digest()[:8])
    return picked % 100 < campaign.holdout_percent
