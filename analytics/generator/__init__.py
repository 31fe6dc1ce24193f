"""A realistic programme of any size from one seed, with what is true of it: for tests, benches and demonstrations.

made = programme(seed=7, members=50_000, days=730)      seconds
made.truth.document()                                   seasons, uplifts, stock-outs, lost demand, sums
bronze.write(made, folder)                              the lake's batches of it, without a database
"""

from analytics.generator.simulation import programme
from analytics.generator.tables import Generated

__all__ = ["Generated", "programme"]
