"""The staff's door to demand: what will be asked for, what may not be had and what is done about it, trends, and the
model behind them. Apart from the rest of the manager API: it reaches no member's data and has a database role that
shows none."""

from __future__ import annotations

from lambdas.http import entry
from lambdas.manager_routes import demand, risks
from lambdas.staff import staff_resolver

app = staff_resolver("Demand desk")
app.include_router(demand.router)
app.include_router(risks.router)

handler = entry(app)
