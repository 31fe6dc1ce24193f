"""What is for sale: `products.txt`, `variations.txt` and the scenarios, with prices and stock drawn from one seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from itertools import product as combinations
from pathlib import Path
from urllib.parse import quote

from local.simulators.amazon_business.store import Store

SEED = "loyalty"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Category:
    """A search category and its UNSPSC segment."""

    category: str
    name: str
    unspsc: str
    unspsc_title: str


@dataclass(frozen=True, slots=True)
class Item:
    """One product and its one offer. `stock` None: Amazon does not say. Prices in minor units."""

    asin: str
    category: Category
    picture: str
    brand: str
    title: str
    price_minor: int
    list_price_minor: int
    price_type: str
    stock: int | None
    promise_days: int
    features: tuple[str, ...]
    kind: str = "STANDARD"
    parent: str | None = None
    dimensions: dict[str, str] = field(default_factory=dict)
    scenario: str | None = None
    guidance: str = "NONE"
    restrictions: tuple[str, ...] = ()
    condition: str = "NEW"
    format: str = ""
    details: dict[str, str] = field(default_factory=dict)
    badges: tuple[str, ...] = ()
    minimum_age: int | None = None
    min_quantity: int = 1
    max_quantity: int | None = 30
    by_amazon: bool = True
    components: int = 1


def asin_of(text: str) -> str:
    """A stable ASIN: B0 and eight characters."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    number = int.from_bytes(hashlib.sha256(f"{SEED}:{text}".encode()).digest()[:8])
    found = ""
    for _ in range(8):
        number, digit = divmod(number, len(alphabet))
        found += alphabet[digit]
    return "B0" + found


def offer_id(asin: str) -> str:
    """A long, percent-encoded id, as Amazon's are."""
    drawn = hashlib.sha512(f"{SEED}:offer:{asin}".encode()).digest()
    return quote(f"{asin}/{drawn.hex()}+{drawn[:20].hex()}/=", safe="")


def draw(text: str, low: int, high: int) -> int:
    """A number low … high, the same for the same text."""
    return low + int.from_bytes(hashlib.sha256(f"{SEED}:{text}".encode()).digest()[8:12]) % (high - low + 1)


def items() -> list[Item]:
    """Everything for sale, parents included."""
    from local.simulators.amazon_business.scenarios import scenario_items

    categories, standard = _standard()
    return standard + _variations(categories) + scenario_items(categories)


def item(category: Category, picture: str, brand: str, title: str, price_minor: int, features: tuple[str, ...]) -> Item:
    """A product as most are; list price, price type, stock and delivery promise are drawn."""
    list_price = price_minor * draw(f"list:{title}", 104, 138) // 100
    return Item(
        asin=asin_of(title),
        category=category,
        picture=picture,
        brand=brand,
        title=title,
        price_minor=price_minor,
        list_price_minor=list_price - list_price % 100 + 99,
        price_type="BUSINESS" if draw(f"type:{title}", 1, 3) == 1 else "NEW",
        stock=None if draw(f"told:{title}", 1, 9) == 1 else draw(f"stock:{title}", 400, 5000),
        promise_days=draw(f"promise:{title}", 2, 6),
        features=features,
        by_amazon=draw(f"by:{title}", 1, 6) != 1,
    )


def seed(store: Store) -> None:
    """Fill an empty catalogue; what was changed by hand stays."""
    if store.one("select 1 from products limit 1"):
        return
    every = items()
    order = sorted(every, key=lambda one: hashlib.sha256(f"{SEED}:popular:{one.asin}".encode()).digest())
    rank = {one.asin: position for position, one in enumerate(order, 1)}
    columns = ("asin", "kind", "parent", "scenario", "title", "brand")
    store.run_many(
        "insert into products(asin, kind, parent, scenario, title, brand, category, category_name, popularity,"
        " price_minor, list_price_minor, price_type, stock, promise_days, more)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(getattr(one, column) for column in columns),
                one.category.category,
                one.category.name,
                rank[one.asin],
                one.price_minor,
                one.list_price_minor,
                one.price_type,
                one.stock,
                one.promise_days,
                json.dumps(asdict(one)),
            )
            for one in every
        ],
    )


def _standard() -> tuple[dict[str, Category], list[Item]]:
    categories: dict[str, Category] = {}
    found: list[Item] = []
    current: Category | None = None
    for cells in _cells("products.txt"):
        if cells[0].startswith("= "):
            current = Category(cells[0][2:], *cells[1:])
            categories[current.category] = current
        else:
            assert current is not None, "a product before the first category"
            picture, brand, title, price, features = cells
            found.append(item(current, picture, brand, title, _minor(price), _list(features)))
    return categories, found


def _variations(categories: dict[str, Category]) -> list[Item]:
    found: list[Item] = []
    for category, picture, brand, title, price, dimensions, features in _cells("variations.txt"):
        named = {
            part.split(":")[0].strip(): [value.strip() for value in part.split(":")[1].split(",")]
            for part in dimensions.split(" / ")
        }
        parent = replace(
            item(categories[category], picture, brand, title, _minor(price), _list(features)), kind="VARIATION_PARENT"
        )
        found.append(parent)
        for chosen in combinations(*named.values()):
            # The last of the first dimension's values (the largest size) costs a little more.
            surcharge = 200 if len(named) > 1 and chosen[0] == next(iter(named.values()))[-1] else 0
            child = item(
                categories[category],
                picture,
                brand,
                f"{title}, {', '.join(chosen)}",
                _minor(price) + surcharge,
                _list(features),
            )
            found.append(
                replace(
                    child,
                    kind="VARIATION_CHILD",
                    parent=parent.asin,
                    dimensions=dict(zip(named, chosen, strict=True)),
                )
            )
    return found


def _cells(name: str) -> list[list[str]]:
    lines = (line.strip() for line in (_HERE / name).read_text().splitlines())
    return [[cell.strip() for cell in line.split(" | ")] for line in lines if line and not line.startswith("#")]


def _minor(price: str) -> int:
    whole, _, part = price.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))
