"""What a store's country decides: currency, rates, how numbers of papers and orders look, and whose name is on top."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

_PLAIN = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class Region:
    """Rates in millionths, the usual one first. `issuer`: name and address; `orders`: how order numbers begin."""

    code: str
    currency: str
    language: str
    rates: tuple[int, ...]
    orders: tuple[str, ...]
    issuer: tuple[str, ...]
    tax_id: str
    number: Callable[[random.Random], str]
    marketplace: str


def _dashed(rng: random.Random) -> str:
    groups = ["".join(rng.choices(_PLAIN, k=4)) for _ in range(3)]
    return "-".join(["1" + groups[0][1:], *groups[1:]])


def _country(code: str) -> Callable[[random.Random], str]:
    def number(rng: random.Random) -> str:
        if rng.random() < 0.2:
            return f"INV-{code}-{rng.randrange(10**9):09d}-2026-{rng.randrange(10**5):05d}"
        return f"{code}{rng.randrange(10**4):04d}{''.join(rng.choices(_PLAIN, k=5))}"

    return number


US = Region(
    "US", "USD", "en", (88_500, 62_500, 72_500, 102_500, 93_750, 60_000, 40_000, 82_630), ("111", "112", "113", "114"),
    ("Amazon Capital Services", "PO Box 035184", "Seattle, WA 98124-5184"), "82-0544687",
    _dashed, "ATVPDKIKX0DER",
)  # fmt: skip
UK = Region(
    "UK", "GBP", "en", (200_000, 50_000, 0), ("202", "203", "026"),
    ("Amazon EU S.à r.l., UK Branch", "1 Principal Place, Worship Street", "London, EC2A 2FA"), "GB727255821",
    _country("GB"), "A1F83G8C2ARO7P",
)  # fmt: skip
DE = Region(
    "DE", "EUR", "de", (190_000, 70_000, 0), ("302", "303", "028"),
    ("Amazon EU S.à r.l., Niederlassung Deutschland", "Marcel-Breuer-Str. 12", "80807 München"), "DE814584193",
    _country("DE"), "A1PA6795UKMFR9",
)  # fmt: skip
FR = Region(
    "FR", "EUR", "fr", (200_000, 55_000), ("402", "403", "171"),
    ("Amazon EU S.à r.l., Succursale Française", "67 Boulevard du Général Leclerc", "92110 Clichy"), "FR12487773327",
    _country("FR"), "A13V1IB3VIYZZH",
)  # fmt: skip
ES = Region(
    "ES", "EUR", "es", (210_000, 100_000, 40_000), ("402", "404", "405"),
    ("Amazon EU S.à r.l., Sucursal en España", "Calle Ramírez de Prado 5", "28045 Madrid"), "ESW0184081H",
    _country("ES"), "A1RKKUPIHCS9HS",
)  # fmt: skip
IT = Region(
    "IT", "EUR", "it", (220_000, 100_000, 40_000), ("402", "404", "406"),
    ("Amazon EU S.à r.l., Succursale Italiana", "Viale Monte Grappa 3/5", "20124 Milano MI"), "IT08973230967",
    _country("IT"), "APJ6JRA9NG5V4",
)  # fmt: skip

REGIONS = {region.code: region for region in (US, UK, DE, FR, ES, IT)}
