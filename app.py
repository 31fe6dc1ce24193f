"""The map: read the config, build the stacks, hand objects from one to the next."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from stacks.api import ApiStack
from stacks.assets import BuildError
from stacks.database import DatabaseStack
from stacks.engine import EngineStack
from stacks.feeds import FeedsStack
from stacks.identity import IdentityStack
from stacks.integrations import IntegrationsStack
from stacks.messaging import MessagingStack
from stacks.network import NetworkStack
from stacks.settings import CONFIG_FOLDER, REPOSITORY, Settings, SettingsError, load


def build(app: cdk.App, settings: Settings) -> None:
    """Put every stack into `app`, flat, in the order of who needs whom."""
    deployment = settings.deployment
    common: dict[str, Any] = {
        "settings": settings,
        "env": cdk.Environment(account=deployment.account, region=deployment.region),
        "tags": {"application": "loyalty", "environment": deployment.name, **deployment.tags},
        "termination_protection": deployment.durable,
    }

    def named(part: str) -> str:
        return f"loyalty-{deployment.name}-{part}"

    network = NetworkStack(app, named("network"), **common)
    database = DatabaseStack(app, named("database"), vpc=network.vpc, **common)
    identity = IdentityStack(app, named("identity"), **common)
    messaging = MessagingStack(app, named("messaging"), **common)
    integrations = IntegrationsStack(app, named("integrations"), **common)
    inside: dict[str, Any] = {"vpc": network.vpc, "database": database.door, **common}
    engine = EngineStack(app, named("engine"), payments=messaging.payments, orders=messaging.orders, **inside)
    FeedsStack(app, named("feeds"), integrations=integrations, **inside)
    ApiStack(
        app,
        named("api"),
        identity=identity,
        messaging=messaging,
        integrations=integrations,
        engine=engine,
        **inside,
    )


def context() -> dict[str, Any]:
    """The flags of cdk.json, which `python app.py` does not read by itself."""
    flags: dict[str, Any] = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    return flags


def main() -> int:
    """Synthesise the environment named by the context `env` (default: full) or `config`; 1 if the config is refused."""
    by_hand = "CDK_OUTDIR" not in os.environ
    app = cdk.App(context=context(), outdir=str(REPOSITORY / "cdk.out") if by_hand else None)
    path = app.node.try_get_context("config")
    environment = app.node.try_get_context("env") or "full"
    try:
        build(app, load(Path(path) if path else CONFIG_FOLDER / f"{environment}.toml"))
    except (SettingsError, BuildError) as error:
        print(error, file=sys.stderr)
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
