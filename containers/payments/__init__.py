"""The payments service: the queue's tasks and the looks of its own, wired to the provider."""
