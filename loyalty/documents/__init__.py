"""Members' documents: receipts, tax invoices and credit notes, their numbers, their pages and where they are."""
