"""The status page: one page about the running local cloud, and the same as JSON."""
