"""What a layout is: where it comes from, what it prints and how, and the drawing."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from local.invoices.regions import Region
from local.invoices.truth import Case, Kind, Shows
from local.invoices.writing import Writing


@dataclass(frozen=True, slots=True)
class Layout:
    """`writings`: one of them is drawn for a paper; `orders`: from how many to how many are on it."""

    name: str
    region: Region
    shows: Shows
    writings: tuple[Writing, ...]
    draw: Callable[[Case, Writing, random.Random], bytes]
    kind: Kind = "invoice"
    orders: tuple[int, int] = (1, 1)
