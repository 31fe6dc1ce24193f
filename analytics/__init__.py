"""From the database to the reports: contracts of the lake, the export, the warehouse, metrics, a generator."""
