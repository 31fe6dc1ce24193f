"""What a bill is made of: lines, each of one resource, one price and one quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cost.prices import Price, PriceFileError
from cost.runs import Runs, runs_a_month
from cost.templates import Resource, Templates
from cost.usage import Month
from stacks.sections import Personalize

# What each stack is for, as a member of staff would say it; a stack that is not here is `other`.
CAPABILITIES: Mapping[str, str] = {
    "network": "network",
    "database": "ledger and data",
    "identity": "sign-in",
    "edge": "portal and doors",
    "api": "portal and doors",
    "portals": "portal and doors",
    "manager": "staff's desk",
    "messaging": "redemption",
    "integrations": "redemption",
    "engine": "redemption",
    "services": "redemption",
    "feeds": "purchases and catalogue",
    "notifications": "telling members",
    "documents": "documents",
    "invoices": "invoices",
    "reconciliation": "reconciliation",
    "lake": "lake and reports",
    "insight": "forecasts and choice",
    "observability": "watching",
    "audit": "watching",
    "backup": "ledger and data",
    "copies": "ledger and data",
    "canary": "watching",
    "delivery": "delivery",
}


@dataclass(frozen=True)
class Line:
    """`quantity` of what `price` is for. `variable`: it grows with members; otherwise it is there without them."""

    resource: Resource
    price_name: str
    price: Price
    quantity: Decimal
    variable: bool
    what: str

    @property
    def usd(self) -> Decimal:
        return self.price.of(self.quantity)

    @property
    def capability(self) -> str:
        return CAPABILITIES.get(self.resource.part, "other")


@dataclass(frozen=True)
class World:
    """All that a line is reckoned from."""

    templates: Templates
    prices: Mapping[str, Price]
    month: Month
    functions: Mapping[str, Runs]
    machines: Mapping[str, Runs]
    personalize: Personalize | None = None

    def line(
        self, resource: Resource, price: str, quantity: Decimal | int, *, variable: bool = False, what: str = ""
    ) -> Line:
        """Raises PriceFileError if there is no such price."""
        if price not in self.prices:
            raise PriceFileError(f"prices.toml: {price}: {resource} needs it, and it is not there")
        return Line(resource, price, self.prices[price], Decimal(quantity), variable, what)

    def scheduled(self, resource: Resource) -> Decimal:
        """Runs a month that schedules begin."""
        return sum(map(runs_a_month, self.templates.schedules_of(resource)), Decimal(0))

    def logs(self, resource: Resource, taken_bytes: Decimal, *, variable: bool) -> list[Line]:
        """What is taken into CloudWatch in a month, and what of it and of the months before is kept."""
        gb = taken_bytes / 10**9
        days = [
            group.properties["RetentionInDays"]
            for group in self._log_groups(resource.stack)
            if "RetentionInDays" in group.properties
        ]
        kept_months = Decimal(max(days, default=0)) * 12 / 365
        masked = any("DataProtectionPolicy" in group.properties for group in self._log_groups(resource.stack))
        kept_gb = gb * kept_months * self.month["log_compression"]
        return [
            self.line(resource, "logs_gb", gb, variable=variable, what="logs taken"),
            self.line(resource, "logs_stored_gb", kept_gb, variable=variable, what="logs kept"),
            *([self.line(resource, "logs_masked_gb", gb, variable=variable, what="logs masked")] if masked else []),
        ]

    def _log_groups(self, stack: str) -> Iterator[Resource]:
        return self.templates.of("AWS::Logs::LogGroup", stack=stack)


Rule = Callable[[Resource, World], Iterable[Line]]
