"""What a change means for members who are there already. A change of the points policy is about points earned from then
on, unless it favours the member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty.programme.document import Programme


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know before publishing; nothing is wrong with it."""

    field: str
    note: str


def notes(before: Programme, after: Programme) -> Iterator[Note]:
    """By path into `after`."""
    yield from _earning(before, after)
    yield from _spending(before, after)
    if before.terms.version != after.terms.version:
        yield Note("terms.version", "Members are asked to accept the terms again at their next sign-in.")
    elif before.terms != after.terms:
        yield Note("terms.text", "The version is the same: whoever accepted it is not asked again.")
    if before.integrations.payment.provider != after.integrations.payment.provider:
        yield Note("integrations.payment.provider", "Payments under way end with the provider that they began with.")
    if before.screening != after.screening:
        yield Note("screening", "Redemptions under way are screened by the version of their quote.")


def _earning(before: Programme, after: Programme) -> Iterator[Note]:
    was, now = before.points, after.points
    if was.expiry.months != now.expiry.months:
        yield Note(
            "points.expiry.months",
            "Points that members have keep their last day; the new time is for purchases made known from now on.",
        )
    if was.pending_days != now.pending_days:
        yield Note("points.pending_days", "Points that wait already mature on the day they were promised.")
    if (was.base_points_per_major, was.earn_rates) != (now.base_points_per_major, now.earn_rates):
        yield Note("points.earn_rates", "Purchases made known from now on earn by these rates; points given stay.")
    if now.return_extension_days > was.return_extension_days:
        yield Note("points.return_extension_days", "More days favour the member: they are also for orders under way.")
    elif now.return_extension_days < was.return_extension_days:
        yield Note("points.return_extension_days", "Orders under way keep the days they began with.")
    if was.debt_policy != now.debt_policy:
        yield Note(
            "points.debt_policy", "Debts that members have stay; the policy is for purchases returned from now on."
        )
    if was.time_zone != now.time_zone:
        yield Note(
            "points.time_zone", "The programme's days, also the last day of every lot, end by the new zone at once."
        )
    if (was.unit_cost_micros, was.partners) != (now.unit_cost_micros, now.partners):
        yield Note("points.partners", "Points given keep the price and the funder they were given with.")


def _spending(before: Programme, after: Programme) -> Iterator[Note]:
    if before.conversion != after.conversion or before.pricing != after.pricing:
        yield Note(
            "conversion", "Open quotes keep their price until they run out; the shop shows the new ones at once."
        )
    if before.conversion.drift_tolerance_basis_points == 0 < after.conversion.drift_tolerance_basis_points:
        yield Note(
            "conversion.drift_tolerance_basis_points",
            "The programme pays what prices rise by. Amazon Business's own safeguard must be 0, or it cancels orders.",
        )
    if after.conversion.margin_floor_basis_points > before.conversion.margin_floor_basis_points:
        yield Note(
            "conversion.margin_floor_basis_points", "Offers whose price breaks the floor leave the shop at once."
        )
    if before.redemption != after.redemption:
        yield Note("redemption", "Redemptions under way keep the times they began with.")
