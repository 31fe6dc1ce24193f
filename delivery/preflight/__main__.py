"""`make preflight ENV=prod`: what is still missing before that environment is deployed. It reads, and changes nothing.

Ends with 1 if something blocks the deployment, 2 if the config is refused. `--policy` prints the IAM policy it needs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError

from delivery.preflight import messages, parties, places, quotas
from delivery.preflight.account import Account, policy
from delivery.preflight.findings import Finding, report, unknown
from stacks.settings import CONFIG_FOLDER, Settings, SettingsError, load

Check = Callable[[Account, Settings], Iterator[Finding]]


def checks(now: datetime, resolve: messages.Resolve) -> dict[str, Check]:
    """Every check by name, in the order in which a person would ask."""
    return {
        "account": places.identity,
        "bootstrap": places.bootstrap,
        "region": places.region,
        "roles": places.roles,
        "trail": places.trail,
        "images": places.images,
        "quotas": quotas.quotas,
        "mail": messages.mail,
        "sms": messages.sms,
        "domains": lambda account, settings: messages.domains(account, settings, resolve),
        "secrets": lambda account, settings: parties.secrets(account, settings, now),
        "quicksight": parties.quicksight,
    }


def look(account: Account, settings: Settings, known: dict[str, Check]) -> list[Finding]:
    """What all checks find. In the account of somebody else nothing more is asked."""
    found: list[Finding] = []
    for name, check in known.items():
        try:
            found += check(account, settings)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            # An answer of another shape than AWS documents: this check cannot tell, the others can.
            found.append(unknown(name, f"AWS's answer has another form than expected: {type(error).__name__} {error}"))
        if name == "account" and any(finding.blocks for finding in found):
            break
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the report; 0 if nothing blocks."""
    parser = argparse.ArgumentParser(prog="make preflight", description=__doc__)
    parser.add_argument("environment", nargs="?", default="prod", help="of config/, or the path of a config (prod)")
    parser.add_argument("--policy", action="store_true", help="print the IAM policy that is enough, and ask nothing")
    asked = parser.parse_args(arguments)
    if asked.policy:
        print(policy())
        return 0
    path = (
        Path(asked.environment) if asked.environment.endswith(".toml") else CONFIG_FOLDER / f"{asked.environment}.toml"
    )
    try:
        settings = load(path)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        account = Account(boto3.Session(), settings.deployment.region)
    except BotoCoreError as error:
        print(f"no session with AWS: {error}", file=sys.stderr)
        return 1
    findings = look(account, settings, checks(datetime.now(UTC), messages.resolve))
    print(report(findings))
    return 1 if any(finding.blocks for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
