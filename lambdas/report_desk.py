"""The staff's door to reports. Apart from the rest of the manager API, because only this one asks the warehouse, and it
reaches no member's data: what it shows are sums."""

from __future__ import annotations

from lambdas.http import entry
from lambdas.manager_routes import reports
from lambdas.staff import staff_resolver

app = staff_resolver("Report desk")
app.include_router(reports.router)

handler = entry(app)
