"""The member API: what a signed-in member does."""

from __future__ import annotations

from lambdas.http import entry, resolver
from lambdas.member_routes import (
    brand,
    cases,
    catalogue,
    closure,
    config,
    documents,
    interactions,
    preferences,
    prices,
    profile,
    redemptions,
    security,
    tier,
    transfers,
    wishes,
)

ROUTES = (
    profile,
    tier,
    preferences,
    catalogue,
    prices,
    redemptions,
    documents,
    security,
    transfers,
    cases,
    wishes,
    interactions,
    closure,
    config,
    brand,
)

app = resolver("Member API")
for routes in ROUTES:
    app.include_router(routes.router)

handler = entry(app)
