"""The member API: what a signed-in member does."""

from __future__ import annotations

from lambdas.http import entry, resolver
from lambdas.member_routes import (
    cases,
    catalogue,
    documents,
    preferences,
    profile,
    redemptions,
    security,
    transfers,
    wishes,
)

app = resolver("Member API")
for routes in (profile, preferences, catalogue, redemptions, documents, security, transfers, cases, wishes):
    app.include_router(routes.router)

handler = entry(app)
