"""Amazon Business on a loopback port: strict, stateful, and as slow and as unreliable as you ask it to be.

`python -m local.simulators.amazon_business --port 4610 --database .local/amazon_business.sqlite`

Behind one address: the token endpoint (`/auth/o2/token`), Ordering, Product Search, Cart, Package Tracking,
Reporting, Reconciliation and Document, the products' pictures (`/images/{name}.webp`), and the control plane
(`control`, `invoice_control`). It knows no credentials until `PUT /_simulator/credentials`, and mails its invoices to
nobody until it is told to whom (`settings`).

Its file (SQLite, WAL; money in minor units, times ISO 8601 in UTC, `now` is `local.simulators.clock.now()`):

orders        external_id (key), request_hash, purchase_order_number, accepted (1 if any unit was), placed_at,
              shipped_at, charged_minor, currency, result (the stored reply). One row a request; trials leave none.
order_lines   external_id, line_external_id (key together), asin, quantity, accepted_quantity, rejected_quantity,
              unit_price_minor, principal_minor, shipping_minor, tax_minor, amazon_order_id (null if nothing accepted)
requests      id, at, operation, status (what the caller got; 0: the connection was cut), external_id or null
products      asin (key), kind, parent, category, scenario, price_minor, stock, … and all the rest as JSON
credentials   one row: client_id, client_secret, refresh_token, buyer_email, buying_group
tokens        access_token (key), expires_at
faults        operation, kind (key together), times (null: until taken away)
settings      name (key), value (JSON); see `settings`
carts         cart_id, position (key together), asin, offer_id, quantity, external_id
open_orders   external_id, placed_at: orders of which units wait to be shipped
shipments     shipment_id (key), amazon_order_id, external_id, shipped_at, promised_start
packages      shipment_id, package_id (key together), tracking_id, carrier, status, status_at, promised_end
package_units    shipment_id, package_id, line_external_id (key together), quantity
package_events   shipment_id, package_id, status, at: every step
cancelled_units  external_id, line_external_id, amazon_order_id, quantity, at
transactions  id, transaction_id, type, at, feed_at, external_id, line_external_id, amazon_order_id, shipment_id, asin,
              quantity, principal_minor, shipping_minor, tax_minor: charges and refunds, an item a row
invoices      number (key), about (its shipment and package), kind, external_id, corrects, region, issued_at, due_at,
              state
invoice_lines number, transaction_id, shipment_id, line_external_id, amazon_order_id, asin, quantity, …_minor
invoice_mails number, error (what is wrong with it on purpose), attempts, sent_at (null: still to go)
invoice_reports, report_links   what the Document API was asked for, and its addresses
notices       kind (push, hint), body, attempts: what still has to be told
attempts      external_id (key), times: how often an order was asked for, for products that fail once
"""

from __future__ import annotations

from local.simulators.amazon_business.app import create_app

__all__ = ["create_app"]
