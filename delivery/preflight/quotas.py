"""How much the account may have of what the config wants, beside what is taken already."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from delivery.preflight.account import Account, Refused
from delivery.preflight.deployed import outputs
from delivery.preflight.findings import Finding, Remedy, ok, to_do, unknown
from stacks.settings import Settings

HOW_LONG = "small ones minutes, the rest by AWS Support: hours to some days"
SOURCE = "https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html"
# A request takes less than a second of a function; queues and schedules run beside; Lambda keeps 100 unreserved.
REQUEST_SECONDS, BESIDE, UNRESERVED = 0.5, 50, 100
# A rolling deployment runs the new tasks beside the old.
ROLLING = 2


@dataclass(frozen=True, slots=True)
class Need:
    """A quota by the names that AWS lists it under, and what the config wants of it. `blocks`: nothing works below."""

    service: str
    quota: str
    wanted: float
    why: str
    blocks: bool = True


def quotas(account: Account, settings: Settings) -> Iterator[Finding]:
    """Each quota is as large as what is wanted of it."""
    yield _concurrency(account, settings)
    limits: dict[str, dict[str, float]] = {}
    for need in (*_network(account, settings), *needs(settings)):
        subject = f"quota {need.service}: {need.quota}"
        try:
            if need.service not in limits:
                limits[need.service] = _limits(account, need.service)
        except Refused as refused:
            yield unknown(subject, str(refused), _remedy(need))
            continue
        limit = limits[need.service].get(need.quota.lower())
        if limit is None:
            yield unknown(
                subject, f"AWS lists no quota of this name; wanted: {need.wanted:g} ({need.why})", _remedy(need)
            )
        elif limit < need.wanted:
            yield to_do(subject, f"{limit:g}, wanted: {need.wanted:g} ({need.why})", _remedy(need), blocks=need.blocks)
        else:
            yield ok(subject, f"{limit:g}, wanted: {need.wanted:g}")


def needs(settings: Settings) -> list[Need]:
    """What the config wants, without what the account has already."""
    services, insight, lake = settings.services, settings.insight, settings.lake
    spot = services.spot_percent / 100
    payments = services.payments.max_tasks * services.payments.cpu / 1024
    orders = services.orders.max_tasks * services.orders.cpu / 1024
    found = [
        Need(
            *("fargate", "Fargate On-Demand vCPU resource count"),
            math.ceil((payments * (1 - spot) + orders) * ROLLING),
            "services, twice while they are replaced",
        ),
        Need("rds", "DB clusters", 1, "the database"),
        Need("rds", "DB instances", 1 + settings.database.readers, "its writer and readers"),
        Need(
            "apigateway", "Throttle rate", settings.api.rate_limit * 3, "three APIs at [api] rate_limit", blocks=False
        ),
    ]
    if spot:
        vcpu = math.ceil(payments * spot * ROLLING)
        found.append(Need("fargate", "Fargate Spot vCPU resource count", vcpu, "the Spot share", blocks=False))
    if settings.portals.hosting == "amplify":
        found.append(Need("amplify", "Apps", 2, "portal and manager app"))
    if settings.invoices.enabled:
        quota = "StartExpenseAnalysis throttle limit in transactions per second"
        found.append(Need("textract", quota, settings.invoices.textract_per_second, "[invoices] textract_per_second"))
    if lake.enabled and insight.enabled:
        for instance, use in (
            (insight.training_instance, "training"),
            (insight.transform_instance, "transform"),
            (insight.analysis_instance, "processing"),
        ):
            found.append(Need("sagemaker", f"{instance} for {use} job usage", 1, "the night's analysis", blocks=False))
    return found


def _concurrency(account: Account, settings: Settings) -> Finding:
    """Lambda's, from its own answer: it knows what an account really has."""
    wanted = math.ceil(settings.api.rate_limit * REQUEST_SECONDS) + BESIDE + UNRESERVED
    need = Need("lambda", "Concurrent executions", wanted, "[api] rate_limit at half a second, and what runs beside it")
    subject = "quota lambda: Concurrent executions"
    try:
        limit = account.ask("lambda", "GetAccountSettings")["AccountLimit"]
    except Refused as refused:
        return unknown(subject, str(refused), _remedy(need))
    free = limit["UnreservedConcurrentExecutions"]
    if free < wanted:
        return to_do(subject, f"{free} are free, wanted: {wanted} ({need.why})", _remedy(need))
    return ok(subject, f"{free} are free, wanted: {wanted}")


def _network(account: Account, settings: Settings) -> Iterator[Need]:
    """With what others have; a deployment that stands has its own already."""
    try:
        stands = bool(outputs(account, settings, "network", standing=True))
        vpcs = len(account.ask("ec2", "DescribeVpcs")["Vpcs"])
        addresses = len(account.ask("ec2", "DescribeAddresses")["Addresses"])
    except Refused:
        stands, vpcs, addresses = False, 0, 0
    gateways = settings.network.nat_gateways
    yield Need("vpc", "VPCs per Region", vpcs + (not stands), f"{vpcs} are there")
    yield Need(
        "ec2",
        "EC2-VPC Elastic IPs",
        addresses + (0 if stands else gateways),
        f"{addresses} are there, {gateways} for NAT",
    )


def _limits(account: Account, service: str) -> dict[str, float]:
    """What applies to the account by name in lower case; the default where nothing else was granted."""
    found: dict[str, float] = {}
    for operation in ("ListAWSDefaultServiceQuotas", "ListServiceQuotas"):
        for quota in account.pages("service-quotas", operation, "Quotas", ServiceCode=service):
            found[quota["QuotaName"].lower()] = quota["Value"]
    return found


def _remedy(need: Need) -> Remedy:
    where = f"https://console.aws.amazon.com/servicequotas/home/services/{need.service}/quotas"
    return Remedy(f"ask for {need.wanted:g} of “{need.quota}”", where, HOW_LONG, SOURCE)
