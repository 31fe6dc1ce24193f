"""The staff's door to Amazon's invoices and to what leaves for the ERP. Apart from the rest of the manager API, because
only this one opens papers, which show names and addresses."""

from __future__ import annotations

from lambdas.http import entry
from lambdas.manager_routes import erp, invoices
from lambdas.staff import staff_resolver

# An invoice of a thousand lines.
MOST_BYTES = 1024 * 1024

app = staff_resolver("Invoice desk", MOST_BYTES)
app.include_router(invoices.router)
app.include_router(erp.router)

handler = entry(app)
