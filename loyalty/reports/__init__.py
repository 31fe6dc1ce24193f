"""The books: what points mean in money. The rules are in database/reports/*.sql, finance reads docs/books.md."""
