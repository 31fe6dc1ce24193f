"""What can be switched off without a deployment, or given to a share of the members first: docs/operations/
feature-flags.md.

programme.feature_on in database/programme/features.sql says the same of a document; a test holds them together.
"""

from __future__ import annotations

import hashlib

from pydantic import Field

from loyalty.programme.schema.kinds import Part, Percent


class Switch(Part):
    """For everybody or for nobody."""

    on: bool = True


class Rollout(Switch):
    """For so many percent of the members: the same ones every time; whoever has it keeps it when they become more."""

    share_percent: Percent = 100


class Features(Part):
    """`redemption`: redeeming at all. `money`: paying a part in money. `personal`: what is chosen for a member.
    `search`: words in the catalogue. `simulation`: looking ahead before publishing. `invoice_posting`: invoices that
    nothing stands against go to the ERP by themselves."""

    redemption: Rollout = Field(default_factory=Rollout)
    money: Rollout = Field(default_factory=Rollout)
    personal: Rollout = Field(default_factory=Rollout)
    # Its pages are the same for everybody, and kept by who stands between.
    search: Switch = Field(default_factory=Switch)
    simulation: Switch = Field(default_factory=Switch)
    invoice_posting: Switch = Field(default_factory=Switch)

    def on(self, feature: str, member_id: int) -> bool:
        """Whether the member has it."""
        switch = getattr(self, feature)
        return bool(switch.on) and (
            not isinstance(switch, Rollout) or in_share(feature, member_id, switch.share_percent)
        )


def in_share(feature: str, member_id: int, percent: int) -> bool:
    """Whether the member is among so many percent, which are others for every feature."""
    picked = int.from_bytes(hashlib.sha256(f"feature:{feature}|{member_id}".encode()).digest()[:8])
    return picked % 100 < percent
