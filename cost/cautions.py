"""What a reader of the estimate has to know about this very one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from cost.bill import World
from cost.estimate import Bill
from cost.reckoning.database import SERVERLESS, average_acu, instance_acu

NO_BOUND = Decimal(10**9)


def cautions(bill: Bill, today: date) -> list[str]:
    """One sentence each."""
    used = {line.price_name: line.price for line in bill.lines}
    unseen = [name for name, price in used.items() if not price.seen]
    stale = sorted(name for name, price in used.items() if price.stale(today))
    regions = {price.region for price in used.values()}
    told = [
        f"An estimate by list prices of {', '.join(sorted(regions))}: no tax, no free allowance, no volume tier, no "
        "savings plan, no support plan.",
        f"{len(unseen)} of the {len(used)} prices are from memory and to be checked: seen = false in cost/prices.toml.",
    ]
    if stale:
        told.append(f"A year old and more: {', '.join(stale)}.")
    return [*told, *_too_small(bill.world)]


def _too_small(world: World) -> Iterator[str]:
    """The config's database would not do for so many members: the estimate is what it costs, not what is needed."""
    needed = average_acu(world.month, Decimal(0), NO_BOUND)
    for cluster in world.templates.of("AWS::RDS::DBCluster"):
        most = Decimal(str(cluster.properties.get("ServerlessV2ScalingConfiguration", {}).get("MaxCapacity", 0)))
        classes = {
            one.properties["DBInstanceClass"] for one in world.templates.of("AWS::RDS::DBInstance", stack=cluster.stack)
        }
        there = most if SERVERLESS in classes else min(map(instance_acu, classes), default=NO_BOUND)
        if needed > there:
            yield (
                f"The database of this config is too small for {world.month.members:,} members: an instance has "
                f"{there:,.0f} ACU, {needed:,.0f} are needed on average."
            )
