"""What Amazon Business sends for its goods: read, compared with orders and shipments, handed on (docs/invoices.md)."""
