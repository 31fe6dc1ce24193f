"""SES's side that receives: rule sets and rules of the templates, and a door for mail that obeys the active ones.

MiniStack keeps rule sets and takes no mail. Here a mail to a recipient of an active rule is put where the rule says,
headed by what SES would have found out about it (`mail_verdicts`); any other is refused at the door. TLS is offered to
nobody: there is no certificate for this machine.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from ministack.services import ses

from local.emulator import placeholders
from local.emulator.mail_verdicts import Arrival, headed
from local.emulator.pinned import private
from local.emulator.settings import CREDENTIALS, REGION

# As SES takes for a bucket.
BYTES_LIMIT = 40 * 1024 * 1024
HOST = "127.0.0.1"
NAME = f"inbound-smtp.{REGION}.amazonaws.com"
SETUP, SAID_AT_SETUP = "AMAZON_SES_SETUP_NOTIFICATION", b"Subject: Amazon SES Setup Notification\r\n\r\n"
LATER = "451 4.3.0 Requested action aborted: local error in processing"
NOT_HERE = "550 5.1.1 Requested action not taken: mailbox unavailable"

log = logging.getLogger("local.inbound_mail")

# bucket, key, bytes
type Put = Callable[[str, str, bytes], None]


def install(gateway_port: int) -> None:
    """CloudFormation's rule sets and rules are SES's own, in the store that its API shows."""
    put = _put_by(gateway_port)
    rule_sets = private(ses, "_receipt_rule_sets")
    make_set, drop_set = private(ses, "_create_receipt_rule_set"), private(ses, "_delete_receipt_rule_set")
    check = private(ses, "_receipt_rule_error")

    def create_set(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        name = properties.get("RuleSetName") or f"{stack}-{logical_id}"
        _accepted(make_set({"RuleSetName": [name]}))
        return name, {}

    def delete_set(name: str, _properties: Any) -> None:
        _accepted(drop_set({"RuleSetName": [name]}))

    def put_rule(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        told = properties["Rule"]
        rule = {
            "Name": told.get("Name") or f"{stack}-{logical_id}",
            "Enabled": _true(told.get("Enabled", False)),
            "TlsPolicy": told.get("TlsPolicy", "Optional"),
            "Actions": told.get("Actions", []),
            "ScanEnabled": _true(told.get("ScanEnabled", False)),
            "Recipients": list(told.get("Recipients", [])),
        }
        if refused := check(rule):
            _accepted(refused)
        rules = rule_sets[properties["RuleSetName"]]["Rules"]
        rules[:] = [one for one in rules if one["Name"] != rule["Name"]]
        after = [number for number, one in enumerate(rules, 1) if one["Name"] == properties.get("After")]
        rules.insert(after[0] if after else 0, rule)
        for target in _targets(rule):
            # As SES finds out whether it may write there. From aside: the gateway is busy with this very call.
            folder = f"{target.get('ObjectKeyPrefix', '')}{SETUP}"
            threading.Thread(target=put, args=(target["BucketName"], folder, SAID_AT_SETUP), daemon=True).start()
        return rule["Name"], {}

    def delete_rule(name: str, properties: dict[str, Any]) -> None:
        if found := rule_sets.get(properties["RuleSetName"]):
            found["Rules"][:] = [one for one in found["Rules"] if one["Name"] != name]

    def update_rule(name: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        delete_rule(name, old)
        return put_rule(name, new, stack)

    handlers = placeholders.handlers()
    handlers["AWS::SES::ReceiptRuleSet"] = {
        "create": create_set,
        "update": lambda name, _old, _new, _stack: (name, {}),
        "delete": delete_set,
    }
    handlers["AWS::SES::ReceiptRule"] = {"create": put_rule, "update": update_rule, "delete": delete_rule}


def _accepted(answer: Any) -> None:
    status, _, body = answer
    if status != 200:
        raise ValueError(re.sub(r"<[^>]+>", " ", body.decode() if isinstance(body, bytes) else str(body)).strip())


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def listen(port: int, gateway_port: int) -> Any:
    """To be awaited: takes mail on 127.0.0.1:`port` from then on, without anybody's name, as the world's mail comes."""
    door = Door(_put_by(gateway_port))
    return asyncio.get_running_loop().create_server(
        lambda: SMTP(door, data_size_limit=BYTES_LIMIT, hostname=NAME), HOST, port
    )


def _put_by(gateway_port: int) -> Put:
    """As SES puts: through the service's own door, so that the bucket tells of it."""
    clients: list[Any] = []

    def put(bucket: str, key: str, content: bytes) -> None:
        import boto3  # only whoever gets mail pays for it

        if not clients:
            clients.append(
                boto3.client(
                    "s3",
                    endpoint_url=f"http://{HOST}:{gateway_port}",
                    region_name=REGION,
                    aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                )
            )
        clients[0].put_object(Bucket=bucket, Key=key, Body=content)

    return put


@dataclass(frozen=True, slots=True)
class Door:
    """What aiosmtpd asks; one for all mails."""

    put: Put

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not any(_is_for(address, rule) for rule in active_rules()):
            return NOT_HERE
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        arrival = Arrival(
            message_id=secrets.token_hex(20),
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            greeting=session.host_name or "",
            address=session.peer[0] if isinstance(session.peer, tuple) else HOST,
        )
        try:
            await asyncio.to_thread(self._store, arrival, content)
        except Exception:  # whoever sent it comes again
            log.exception("mail %s is not stored", arrival.message_id)
            return LATER
        return f"250 OK {arrival.message_id}"

    def _store(self, arrival: Arrival, content: bytes) -> None:
        raw = headed(arrival, content)
        for target in _buckets(arrival.recipients):
            self.put(target["BucketName"], f"{target.get('ObjectKeyPrefix', '')}{arrival.message_id}", raw)


def active_rules() -> list[dict[str, Any]]:
    """The enabled rules of the active rule set, in order; none if no set is active."""
    name = private(ses, "_active_receipt_rule_set").get("name")
    found = private(ses, "_receipt_rule_sets").get(name) or {}
    return [rule for rule in found.get("Rules", []) if rule["Enabled"]]


def _buckets(recipients: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for rule in active_rules():
        if any(_is_for(address, rule) for address in recipients):
            yield from _targets(rule)


def _targets(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [action["S3Action"] for action in rule["Actions"] if "S3Action" in action]


def _is_for(address: str, rule: dict[str, Any]) -> bool:
    """A rule's recipient is an address, a domain, or with a dot before it all of a domain's subdomains."""
    mailbox, _, domain = address.lower().rpartition("@")
    return bool(mailbox) and any(
        one == address.lower() or one == domain or (one.startswith(".") and domain.endswith(one))
        for one in rule["Recipients"]
    )
