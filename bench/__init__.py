"""Benchmarks: one module each with `run()`, which returns named figures; ratios of two sides measured in one run."""
