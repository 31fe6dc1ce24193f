"""What is known of a generated programme because it was made so; what reports find is compared with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Uplift:
    """`uplift`: how much more those do who take part: 0.3 is 30 % more. Of `purchases` it is their number; of
    `redemptions` how often they want to redeem, of which a balance or an empty shelf may let them do less."""

    campaign: int
    kind: str
    first_day: int
    days: int
    uplift: float
    took_part: int
    held_out: int


@dataclass(frozen=True)
class Sums:
    """Of the whole programme, counted while it ran. issued + restored − redeemed − expired = outstanding."""

    issued: int
    redeemed: int
    restored: int
    expired: int
    outstanding: int
    purchases: int
    redemptions: int
    captured_minor: int
    refunded_minor: int

    @property
    def burned(self) -> int:
        return self.redeemed - self.restored


@dataclass(frozen=True)
class Truth:
    """Arrays by day, or parallel ones. `propensity`: purchases that those who are there, with what a campaign does,
    would make on a day without seasons; a day's expected purchases are propensity x weekday x year. Stock-outs: days
    on which a product's shelf was empty in the morning. `stock`: what was left in the evening, a row a day, a column a
    product; too many for the document. `lost_units`: wanted and not there, of a product on a day;
    `refused_units` of them were ordered, because the shelf became empty in the course of the day."""

    first_day: date
    shopping_weekday: NDArray[np.float64]
    shopping_year: NDArray[np.float64]
    redeeming_weekday: NDArray[np.float64]
    redeeming_year: NDArray[np.float64]
    propensity: NDArray[np.float64]
    uplifts: tuple[Uplift, ...]
    stock_out_day: NDArray[np.int64]
    stock_out_product: NDArray[np.int64]
    stock: NDArray[np.int64]
    lost_day: NDArray[np.int64]
    lost_product: NDArray[np.int64]
    lost_units: NDArray[np.int64]
    refused_units: NDArray[np.int64]
    sums: Sums

    def document(self) -> dict[str, Any]:
        """For a JSON file; factors to six digits."""
        found: dict[str, Any] = {"first_day": self.first_day.isoformat()}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray) and value.ndim == 1:
                found[name] = [round(one, 6) for one in value.tolist()]
        found["uplifts"] = [asdict(uplift) for uplift in self.uplifts]
        return found | {"sums": asdict(self.sums) | {"burned": self.sums.burned}}
