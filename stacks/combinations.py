"""Values of the operator's config that are each allowed, but that AWS, or sense, refuses together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stacks.connections import LEAST, for_the_apis

# What CloudWatch accepts; any other number fails in the middle of a deployment.
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545),
    *(731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# What API Gateway sells to keep answers in, in GB; 0 is none.
CACHE_GB = (0, 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237)
# Memory that Fargate sells with each amount of processor, in MiB.
FARGATE_MEMORY = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
}
# A list is read for 30 days, and a run that wrote it may have begun days before.
PERSONALIZE_KEPT_DAYS = 35


class Problem(NamedTuple):
    """One mistake: where (section, key, …), why, and what was found there."""

    location: tuple[str | int, ...]
    reason: str
    found: Any = None


def refused_combinations(sections: Mapping[str, Any]) -> list[Problem]:
    """Values that are each allowed but that AWS, or sense, refuses together."""
    return [
        problem
        for rule in (
            *(_network_rules, _database_rules, _people_rules, _outside_rules, _portal_rules),
            *(
                _invoice_rules,
                _lake_rules,
                _insight_rules,
                _personalize_rules,
                _service_rules,
                _spending_rules,
                _running_rules,
                _cost_rules,
            ),
        )
        for problem in rule(sections)
    ]


def _network_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, network = sections.get("deployment"), sections.get("network")
    if network is None:
        return
    zones = network.availability_zones
    if len(set(zones)) < len(zones):
        yield Problem(("network", "availability_zones"), "a zone is named twice", list(zones))
    if network.nat_gateways > len(zones):
        yield Problem(("network", "nat_gateways"), f"there are only {len(zones)} zones", network.nat_gateways)
    if reason := _too_small(network.cidr, len(zones)):
        yield Problem(("network", "cidr"), reason, network.cidr)
    if network.nat_gateways == 0:
        yield Problem(
            ("network", "nat_gateways"), "Amazon Business and Amazon Pay are reached through one: at least 1", 0
        )
    if deployment is None:
        return
    if strangers := [zone for zone in zones if not re.fullmatch(f"{deployment.region}[a-z]", zone)]:
        yield Problem(("network", "availability_zones"), f"not in {deployment.region}", strangers)
    if deployment.durable and len(zones) < 3:
        yield Problem(("network", "availability_zones"), "a durable deployment needs at least 3", list(zones))
    if deployment.durable and not deployment.checks:
        yield Problem(("deployment", "checks"), "a durable deployment is checked", False)
    if deployment.durable and not network.flow_logs:
        yield Problem(("network", "flow_logs"), "a durable deployment keeps them", False)


def _too_small(cidr: str, zones: int) -> str | None:
    """Why the subnets do not fit: a /24 public, a /22 private and a /24 isolated for each zone, on their boundaries."""
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError:
        return "is no network: four numbers to 255, and nothing set behind the prefix"
    needed = -(-zones // 4) * 4 + 4 * zones + zones
    return f"{zones} zones need {needed} times a /24" if needed > 1 << (24 - network.prefixlen) else None


def _database_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, database = sections.get("deployment"), sections.get("database")
    if database is None:
        return
    if database.mode == "serverless" and database.min_acu > database.max_acu:
        yield Problem(("database", "min_acu"), f"more than max_acu = {database.max_acu:g}", database.min_acu)
    if database.mode == "serverless" and database.min_acu == 0 and database.proxy:
        yield Problem(("database", "min_acu"), "0 never pauses behind a proxy, which keeps its connections open", 0)
    if database.mode == "serverless" and database.min_acu == 0:
        yield from _wakers(sections)
    for key in ("min_acu", "max_acu"):
        if getattr(database, key) * 2 % 1:
            yield Problem(("database", key), "goes in steps of 0.5", getattr(database, key))
    if database.mode == "provisioned" and not re.match(r"^[a-z]+\d+gd?\.[0-9a-z]+$", database.instance_class):
        yield Problem(("database", "instance_class"), "must be Graviton, as r8g.large", database.instance_class)
    if database.proxy and database.authentication == "password":
        yield Problem(("database", "authentication"), "the proxy takes IAM tokens only", "password")
    if 0 < database.max_readers < database.readers:
        yield Problem(("database", "max_readers"), f"less than readers = {database.readers}", database.max_readers)
    if database.max_readers and database.readers == 0:
        reason = "Aurora adds readers to those that are there: readers is at least 1"
        yield Problem(("database", "max_readers"), reason, database.max_readers)
    if deployment is not None and database.copy_region == deployment.region:
        yield Problem(("database", "copy_region"), "is the deployment's own region", database.copy_region)
    if deployment is None or not deployment.durable:
        return
    if database.readers == 0:
        yield Problem(("database", "readers"), "a durable deployment has at least 1 to fail over to", 0)
    if database.authentication == "password":
        yield Problem(("database", "authentication"), "a durable deployment uses iam", "password")


def _wakers(sections: Mapping[str, Any]) -> Iterator[Problem]:
    """What asks the database so often that it never pauses, though it is wanted to."""
    schedules, invoices, services = (sections.get(name) for name in ("schedules", "invoices", "services"))
    asks = "asks the database that shall pause (database.min_acu = 0): 0"
    for section, name, keys in (
        (schedules, "schedules", [key for key, _ in schedules or () if key.endswith("_minutes")]),
        (invoices, "invoices", ["watch_minutes", "gateway_minutes"]),
    ):
        for key in keys if section is not None else ():
            if minutes := getattr(section, key):
                yield Problem((name, key), asks, minutes)
    for key in ("payments", "orders") if services is not None else ():
        if tasks := getattr(services, key).min_tasks:
            yield Problem(("services", key, "min_tasks"), asks, tasks)


def _cost_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, cost = sections.get("deployment"), sections.get("cost")
    if cost is None:
        return
    if len(set(cost.thresholds_percent)) < len(cost.thresholds_percent):
        yield Problem(("cost", "thresholds_percent"), "one is named twice", list(cost.thresholds_percent))
    if deployment is None or not deployment.durable:
        return
    if not cost.monthly_budget_usd:
        yield Problem(("cost", "monthly_budget_usd"), "a durable deployment has one: make cost tells how much", 0)
    if "cost-centre" not in deployment.tags:
        yield Problem(("deployment", "tags"), "a durable deployment says who pays: cost-centre", dict(deployment.tags))


def _people_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, identity, messaging = (sections.get(name) for name in ("deployment", "identity", "messaging"))
    if identity is not None and re.search("aws|amazon|cognito", identity.domain_prefix):
        yield Problem(("identity", "domain_prefix"), "Cognito refuses aws, amazon and cognito", identity.domain_prefix)
    if identity is not None and identity.takeover_mails and not identity.threat_protection:
        yield Problem(("identity", "takeover_mails"), "nobody looks for takeovers without threat_protection", True)
    if identity is not None:
        for key in ("member_callback_urls", "member_logout_urls", "staff_callback_urls", "staff_logout_urls"):
            for position, url in enumerate(getattr(identity, key)):
                if not re.match(r"^https://|^http://localhost[:/]", url):
                    yield Problem(("identity", key, position), "Cognito takes https, or http on localhost", url)
    if deployment is None or not deployment.durable:
        return
    if identity is not None and identity.staff_mfa != "required":
        yield Problem(("identity", "staff_mfa"), "a durable deployment requires it of staff", identity.staff_mfa)
    if identity is not None and identity.password_sign_in:
        yield Problem(("identity", "password_sign_in"), "is for demonstrations, not for a durable deployment", True)
    if messaging is not None and not messaging.operator_emails:
        yield Problem(("messaging", "operator_emails"), "a durable deployment needs somebody to tell", [])


def _outside_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, integrations = sections.get("deployment"), sections.get("integrations")
    if deployment is None or not deployment.durable or integrations is None:
        return
    for key in type(integrations).model_fields:
        if key in ("amazon_pay_topics", "outside_hosts") or (
            key == "sns_certificates" and not integrations.sns_certificates
        ):
            continue
        if not getattr(integrations, key).startswith("https://"):
            yield Problem(("integrations", key), "a durable deployment uses https", getattr(integrations, key))
    if integrations.outside_hosts:
        yield Problem(
            ("integrations", "outside_hosts"),
            "a durable deployment reaches everybody on the internet",
            sorted(integrations.outside_hosts),
        )


def _invoice_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, invoices, messaging = (sections.get(name) for name in ("deployment", "invoices", "messaging"))
    if invoices is None:
        return
    if invoices.enabled and not invoices.domain:
        yield Problem(("invoices", "domain"), "where invoices are mailed to; or enabled = false", "")
    if messaging is not None and invoices.domain and messaging.mail_from.endswith(f"@{invoices.domain}"):
        # Its MX record leads to SES: what people answer to our mails would be taken for invoices.
        yield Problem(("invoices", "domain"), "is that of messaging.mail_from: a domain of its own", invoices.domain)
    if deployment is None or not deployment.durable:
        return
    if invoices.watch_minutes == 0:
        yield Problem(("invoices", "watch_minutes"), "without it what never came is not fetched", 0)
    if invoices.gateway_minutes == 0:
        yield Problem(("invoices", "gateway_minutes"), "without it nothing goes to the ERP", 0)


def _lake_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, network, lake = (sections.get(name) for name in ("deployment", "network", "lake"))
    if lake is None:
        return
    quicksight = lake.quicksight
    if quicksight.enabled and not quicksight.principals:
        yield Problem(("lake", "quicksight", "principals"), "nobody could open a dashboard: at least one", [])
    if quicksight.enabled and not lake.enabled:
        yield Problem(("lake", "quicksight", "enabled"), "there is nothing to show while lake.enabled = false", True)
    if not lake.enabled:
        return
    if network is not None and len(set(network.availability_zones)) < 3:
        zones = list(network.availability_zones)
        yield Problem(("lake", "enabled"), f"Redshift Serverless wants three zones, the network has {zones}", True)
    for key in ("base_rpu", "max_rpu"):
        if getattr(lake, key) % 8:
            yield Problem(("lake", key), "goes in steps of 8", getattr(lake, key))
    if lake.max_rpu < lake.base_rpu:
        yield Problem(("lake", "max_rpu"), f"less than base_rpu = {lake.base_rpu}", lake.max_rpu)
    if re.match(r"^cron\(\S+ \S+ [^? ]+ \S+ [^? ]+ ", lake.schedule):
        yield Problem(("lake", "schedule"), "of the days of month and of week one is ?", lake.schedule)
    if deployment is not None and deployment.durable and not lake.schedule:
        yield Problem(("lake", "schedule"), "without it reports only grow older", "")


def _insight_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    lake, insight = sections.get("lake"), sections.get("insight")
    if lake is None or insight is None:
        return
    if insight.personalize.enabled and not insight.enabled:
        yield Problem(("insight", "enabled"), "what Personalize says is taken over by it", False)


def _personalize_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    lake, insight = sections.get("lake"), sections.get("insight")
    if insight is None or not insight.personalize.enabled:
        return
    personalize = insight.personalize
    if lake is not None and not lake.enabled:
        yield Problem(("insight", "personalize", "enabled"), "it learns from the lake: lake.enabled = false", True)
    if insight.kept_days < PERSONALIZE_KEPT_DAYS:
        yield Problem(
            ("insight", "kept_days"),
            f"Personalize's last list is used for 30 days and is kept as long: at least {PERSONALIZE_KEPT_DAYS}",
            insight.kept_days,
        )
    if re.match(r"^cron\(\S+ \S+ [^? ]+ \S+ [^? ]+ ", personalize.schedule):
        yield Problem(
            ("insight", "personalize", "schedule"), "of the days of month and of week one is ?", personalize.schedule
        )


def _portal_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    identity, integrations, portals = (sections.get(name) for name in ("identity", "integrations", "portals"))
    if portals is None or portals.hosting == "none":
        return
    if identity is not None and identity.authority_url:
        yield Problem(
            ("identity", "authority_url"), "is the laptop's, which Amplify cannot reach", identity.authority_url
        )
    if integrations is None:
        return
    for key in ("portal_origin", "manager_origin"):
        # Of a page with TLS no browser lets a page without it be a part, nor the other way round.
        if not re.match(r"^https://[^:]+$", origin := getattr(integrations, key)):
            yield Problem(
                ("integrations", key), 'Amplify speaks https at its own port: or portals.hosting = "none"', origin
            )


def _service_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    services, observability, api = (sections.get(name) for name in ("services", "observability", "api"))
    if services is not None:
        for key in ("payments", "orders"):
            service = getattr(services, key)
            if service.memory_mb not in FARGATE_MEMORY[service.cpu]:
                sold = ", ".join(map(str, FARGATE_MEMORY[service.cpu]))
                yield Problem(
                    ("services", key, "memory_mb"), f"Fargate sells {sold} with cpu = {service.cpu}", service.memory_mb
                )
            if service.min_tasks > service.max_tasks:
                yield Problem(
                    ("services", key, "min_tasks"), f"more than max_tasks = {service.max_tasks}", service.min_tasks
                )
        if services.orders.min_tasks not in (0, services.orders.max_tasks):
            yield Problem(
                ("services", "orders", "max_tasks"),
                "orders has a fixed count: the same as min_tasks, or min_tasks = 0",
                services.orders.max_tasks,
            )
    if observability is not None and observability.log_retention_days not in LOG_RETENTION_DAYS:
        yield Problem(
            ("observability", "log_retention_days"),
            f"CloudWatch knows {', '.join(map(str, LOG_RETENTION_DAYS))}",
            observability.log_retention_days,
        )
    if api is not None and 0 < api.reserved_concurrency < LEAST:
        reason = f"too few to share among the APIs' functions: at least {LEAST}, or 0"
        yield Problem(("api", "reserved_concurrency"), reason, api.reserved_concurrency)
    database = sections.get("database")
    most = for_the_apis(database) if database is not None else None
    if api is not None and most is not None and api.reserved_concurrency > most:
        reason = f"more than the {most} connections that Aurora of this size has for the APIs, or 0"
        yield Problem(("api", "reserved_concurrency"), reason, api.reserved_concurrency)
    if api is not None:
        yield from _api_rules(api)


def _api_rules(api: Any) -> Iterator[Problem]:
    for prefix in ("", "costly_"):
        rate, burst = getattr(api, f"{prefix}rate_limit"), getattr(api, f"{prefix}burst_limit")
        if burst < rate:
            yield Problem(("api", f"{prefix}burst_limit"), f"less than {prefix}rate_limit = {rate}", burst)
    if api.costly_rate_limit > api.rate_limit:
        yield Problem(
            ("api", "costly_rate_limit"), f"more than rate_limit = {api.rate_limit} of all", api.costly_rate_limit
        )
    for each, address in (
        ("requests_per_person", "requests_per_address"),
        ("requests_per_partner", "requests_per_partner_address"),
    ):
        if getattr(api, each) > (most := getattr(api, address)):
            yield Problem(
                ("api", each), f"more than {address} = {most}, which would refuse them first", getattr(api, each)
            )
    if api.cache_gb not in CACHE_GB:
        yield Problem(("api", "cache_gb"), f"API Gateway sells {', '.join(map(str, CACHE_GB))}", api.cache_gb)


def _spending_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    programme = sections.get("programme")
    if programme is None or programme.step_up_above_points is None or programme.points_per_day is None:
        return
    if programme.points_per_day <= programme.step_up_above_points:
        reason = f"nobody is asked above {programme.step_up_above_points} points when no more can be redeemed"
        yield Problem(("programme", "points_per_day"), reason, programme.points_per_day)


def _running_rules(sections: Mapping[str, Any]) -> Iterator[Problem]:
    deployment, layer, schedules = (sections.get(name) for name in ("deployment", "layer", "schedules"))
    if deployment is None or not deployment.durable:
        return
    if schedules is not None and schedules.sweeper_minutes == 0:
        yield Problem(("schedules", "sweeper_minutes"), "without it a redemption may never start or end", 0)
    if schedules is not None and schedules.outbox_minutes == 0:
        yield Problem(("schedules", "outbox_minutes"), "without it nobody is told anything", 0)
    if layer is not None and layer.platform == "host":
        yield Problem(("layer", "platform"), "is for the laptop: the cloud's functions run on Graviton", "host")
