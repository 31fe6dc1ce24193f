"""The map: read the config, build the stacks, hand objects from one to the next."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.api import ApiStack
from stacks.assets import BUNDLES, BuildError
from stacks.audit import AuditStack
from stacks.backup import BackupStack, CopiesStack
from stacks.canary import CanaryStack
from stacks.costs import DEPLOYMENT_TAG, deployment_tag
from stacks.database import DatabaseStack
from stacks.delivery import DeliveryStack
from stacks.documents import DocumentsStack
from stacks.edge import REGION as EDGE
from stacks.edge import EdgeStack
from stacks.engine import EngineStack
from stacks.feeds import FeedsStack
from stacks.identity import IdentityStack
from stacks.insight import InsightStack
from stacks.integrations import IntegrationsStack
from stacks.invoices import InvoicesStack
from stacks.lake import LakeStack
from stacks.manager import ManagerStack
from stacks.messaging import MessagingStack
from stacks.network import NetworkStack
from stacks.notifications import NotificationsStack
from stacks.observability import ObservabilityStack
from stacks.portals import PortalsStack
from stacks.reconciliation import ReconciliationStack
from stacks.services import ServicesStack
from stacks.settings import CONFIG_FOLDER, REPOSITORY, Settings, SettingsError, load

HOUSE_RULES = REPOSITORY / "stacks" / "house.guard"


def build(app: cdk.App, settings: Settings, bundles: Path = BUNDLES) -> None:
    """Put every stack into `app`, flat, in the order of who needs whom. `bundles`: the folder of the web apps'."""
    deployment = settings.deployment
    common: dict[str, Any] = {
        "settings": settings,
        "env": cdk.Environment(account=deployment.account, region=deployment.region),
        "tags": {
            "application": "loyalty",
            "environment": deployment.name,
            DEPLOYMENT_TAG: deployment_tag(settings),
            **deployment.tags,
        },
        "termination_protection": deployment.durable,
    }

    def named(part: str) -> str:
        return f"loyalty-{deployment.name}-{part}"

    network = NetworkStack(app, named("network"), **common)
    database = DatabaseStack(app, named("database"), vpc=network.vpc, **common)
    backup = None
    if settings.database.copy_region:
        there = {**common, "env": cdk.Environment(account=deployment.account, region=settings.database.copy_region)}
        copies = CopiesStack(app, named("copies"), **there)
        backup = BackupStack(app, named("backup"), database=database, copies=copies, **common)
    identity = IdentityStack(app, named("identity"), **common)
    messaging = MessagingStack(app, named("messaging"), **common)
    integrations = IntegrationsStack(app, named("integrations"), **common)
    inside: dict[str, Any] = {"vpc": network.vpc, "database": database.door, **common}
    engine = EngineStack(
        app,
        named("engine"),
        payments=messaging.payments,
        orders=messaging.orders,
        heard=messaging.order_information,
        **inside,
    )
    outside: dict[str, Any] = {"messaging": messaging, "integrations": integrations, "engine": engine, **inside}
    feeds = FeedsStack(app, named("feeds"), integrations=integrations, **inside)
    services = ServicesStack(app, named("services"), **outside)
    notifications = NotificationsStack(
        app, named("notifications"), messaging=messaging, integrations=integrations, **inside
    )
    documents = DocumentsStack(app, named("documents"), messaging=messaging, **inside)
    reconciliation = ReconciliationStack(
        app, named("reconciliation"), integrations=integrations, engine=engine, **inside
    )
    invoices = InvoicesStack(app, named("invoices"), integrations=integrations, **inside)
    lake = (
        LakeStack(app, named("lake"), vpc=network.vpc, database=database, messaging=messaging, **common)
        if settings.lake.enabled
        else None
    )
    insight = (
        InsightStack(app, named("insight"), messaging=messaging, lake=lake, **inside)
        if lake is not None and settings.insight.enabled
        else None
    )
    api = ApiStack(app, named("api"), identity=identity, documents=documents, **outside)
    canary = CanaryStack(app, named("canary"), identity=identity, integrations=integrations, api=api, **inside)
    manager = ManagerStack(
        app,
        named("manager"),
        identity=identity,
        messaging=messaging,
        documents=documents,
        api=api,
        feeds=feeds,
        integrations=integrations,
        invoices=invoices,
        lake=lake,
        **inside,
    )
    personal = [api.case_files.bucket, api.exports.bucket, api.exports.ended, documents.bucket, feeds.bucket]
    personal += [invoices.files.bucket, *([lake.files.bucket] if lake else [])]
    audit = AuditStack(app, named("audit"), watched=personal, **common) if settings.observability.trail else None
    if settings.portals.hosting == "amplify":
        portals = PortalsStack(
            app,
            named("portals"),
            vpc=network.vpc,
            api=api,
            manager=manager,
            identity=identity,
            feeds=feeds,
            invoices=invoices,
            bundles=bundles,
            **common,
        )
        if settings.api.firewall:
            there = {**common, "env": cdk.Environment(account=deployment.account, region=EDGE)}
            EdgeStack(app, named("edge"), portals=portals, **there)
    ObservabilityStack(
        app,
        named("observability"),
        cluster=database.cluster,
        messaging=messaging,
        engine=engine,
        feeds=feeds,
        services=services,
        api=api,
        manager=manager,
        notifications=notifications,
        documents=documents,
        reconciliation=reconciliation,
        invoices=invoices,
        lake=lake,
        insight=insight,
        canary=canary,
        audit=audit,
        backup=backup,
        **common,
    )
    if settings.delivery.repository:
        DeliveryStack(app, named("delivery"), **common)
    for stack in app.node.children:
        if isinstance(stack, cdk.Stack):
            # Bills tell the parts apart by it.
            stack.tags.set_tag("part", stack.stack_name.removeprefix(f"loyalty-{deployment.name}-"))
    for stack in (network, database, identity):
        hold_on_to(stack)


def hold_on_to(stack: cdk.Stack) -> None:
    """Refuse to replace or delete what another stack reads of this one; other references are weak (cdk.json)."""
    for part in stack.node.find_all():
        if cdk.CfnResource.is_cfn_resource(part):
            cdk.CrossStackReferences.of(part).produce(cdk.ReferenceStrength.STRONG)


def house_rules(*, include_default_rules: bool = True) -> cdk.CloudFormationValidatePlugin:
    """CloudFormation's own schemas and rules, and beside them the house's."""
    rules = cdk.ValidationRuleSource(name="house", content=HOUSE_RULES.read_text())
    return cdk.CloudFormationValidatePlugin(guard_rules=[rules], include_default_rules=include_default_rules)


def flags() -> dict[str, Any]:
    """The context of cdk.json, which `python app.py` and tests do not get by themselves."""
    context: dict[str, Any] = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    return context


def asked_for(arguments: Sequence[str]) -> dict[str, Any]:
    """The context of this run: what the CDK's command line hands over, and `-c key=value` of our own."""
    context: dict[str, Any] = json.loads(os.environ.get("CDK_CONTEXT_JSON") or "{}")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE")
    return context | dict(pair.split("=", 1) for pair in parser.parse_args(arguments).context if "=" in pair)


def main(arguments: Sequence[str]) -> int:
    """Synthesise the environment `env` (default: full) or the file `config`; 1 if the config is refused.

    `bundles` is a folder in place of build/: the web apps' are in portal/ and manager/ of it.
    """
    asked = asked_for(arguments)
    path = asked.get("config") or CONFIG_FOLDER / f"{asked.get('env', 'full')}.toml"
    # The CDK's command line says where to write; by hand it is a clean cdk.out/.
    outdir = None if "CDK_OUTDIR" in os.environ else str(_emptied(REPOSITORY / "cdk.out"))
    try:
        settings = load(Path(path))
        checks = settings.deployment.checks and asked.get("checks") != "off"
        app = cdk.App(context=flags(), outdir=outdir, builtin_cloud_formation_validation=checks)
        if checks:
            cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), house_rules())
        build(app, settings, Path(asked.get("bundles") or BUNDLES))
    except (SettingsError, BuildError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    app.synth()
    return 0


def _emptied(folder: Path) -> Path:
    """Without the templates of another environment; the assets stay."""
    for stale in folder.glob("*.json"):
        stale.unlink()
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
