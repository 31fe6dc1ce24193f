"""The way to finance's system: invoices, credit memos and the journal leave by one gateway (docs/erp.md)."""
