"""The warehouse: a star schema in Redshift's SQL, and the statements that load it.

The same SQL runs on DuckDB: `portable` says which SQL that may be, and translates it; `engine` runs it. Nothing here
imports an AWS SDK.
"""
