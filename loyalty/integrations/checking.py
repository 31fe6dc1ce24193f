"""Does a connection work? One harmless question to each outside party, and what the answer means in plain words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.integrations import webhooks
from loyalty.integrations.outside import Answer, NotReached
from loyalty.integrations.signing import Keys, NoKey
from loyalty.integrations.tokens import NoToken, token_of
from loyalty.integrations.webhooks import Calls
from loyalty.orders.amazon_business import (
    AmazonBusiness,
    CredentialsRevoked,
    NotSent,
    Refused,
    Throttled,
    Unknown,
)
from loyalty.payments import provider
from loyalty.programme.schema.integrations import Erp, Webhook

type Level = Literal["ok", "note", "warning", "failed"]

# What nobody has: whoever says that there is none has let us in.
NO_PERMISSION, NO_INTENT = "S00-0000000-0000000", "pi_loyalty_connection_test"
PROBLEMS = {
    "not-allowed": "The address is not on the internet, or leads into a private network: nothing was sent.",
    "no-such-host": "Nobody knows that host name.",
    "not-trusted": "The host's certificate is not valid for its name: nothing was sent.",
    "no-connection": "The host does not take connections on port 443.",
    "too-slow": "There was no answer within ten seconds.",
    "broken": "The connection broke off before there was an answer.",
    "too-much": "The answer was longer than anybody reads.",
    "no-key": "The secret is not there, or holds no key.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. `code` is stable."""

    level: Level
    code: str
    detail: str


_NO_TOKEN = {
    "no-secret": Finding("failed", "no-secret", "The secret is not there, or may not be read."),
    "no-token": Finding("failed", "no-token", "The secret is not JSON with host and token: nothing was sent."),
    "other-host": Finding("failed", "other-host", "The secret is for another host: nothing was sent."),
}


class NoSecret(Exception):
    """There is no such secret, or it may not be read."""


# A secret's value by its name. Raises NoSecret.
type Secrets = Callable[[str], str]


def outcome(findings: list[Finding]) -> Literal["ok", "warning", "failed"]:
    """The worst of them."""
    levels = {one.level for one in findings}
    return "failed" if "failed" in levels else "warning" if "warning" in levels else "ok"


def note(connection: Connection, program_id: int, name: str, findings: list[Finding], actor: str) -> datetime:
    """Keep what a test said. When that was."""
    row = connection.execute(
        "select integrations.note_check(%s, %s, %s, %s, %s) as at",
        (program_id, name, outcome(findings), Jsonb([asdict(one) for one in findings]), actor),
    ).fetchone()
    assert row is not None
    at: datetime = row["at"]
    return at


def keys_of(secrets: Secrets, name: str) -> Keys:
    """A webhook's keys by its secret's name. Raises NoKey."""
    try:
        return Keys.from_secret(secrets(name))
    except NoSecret:
        raise NoKey("is not there") from None


def webhook(calls: Calls, secrets: Secrets, hook: Webhook, message_id: str, now: datetime) -> list[Finding]:
    """A signed event `webhook.ping`, which no programme ever has."""
    try:
        keys = keys_of(secrets, hook.secret)
    except NoKey as failure:
        return [Finding("failed", "no-key", f"The secret {failure}.")]
    found = [Finding("ok", "key", f"The secret is there ({len(keys.keys)} key{'s' * (len(keys.keys) > 1)}).")]
    body = webhooks.body_of("webhook.ping", now, {"webhook": hook.code})
    tried = webhooks.deliver(calls, keys, hook.url, message_id, int(now.timestamp()), body)
    if tried.status is None:
        return [*found, _problem(tried.problem)]
    took = f"within {tried.milliseconds} ms"
    if 200 <= tried.status < 300:
        return [*found, Finding("ok", "accepted", f"The receiver took the event webhook.ping {took} ({tried.status}).")]
    if 300 <= tried.status < 400:
        return [
            *found,
            Finding("failed", "redirect", f"The receiver answers {tried.status}: redirects are not followed."),
        ]
    if tried.status in (401, 403):
        return [
            *found,
            Finding("failed", "refused", f"The receiver answers {tried.status}: does it have the same key?"),
        ]
    return [*found, Finding("failed", "status", f"The receiver answers {tried.status} {took}.")]


def erp(calls: Calls, secrets: Secrets, where: Erp) -> list[Finding]:
    """An invoice in our format goes to `/validations`, where an ERP looks at documents and books none; to one without
    that path, nothing but HEAD with the token."""
    try:
        token = token_of(secrets(where.secret), where)
    except NoSecret:
        return [_NO_TOKEN["no-secret"]]
    except NoToken as failure:
        return [_NO_TOKEN[failure.code]]
    # Only a test of an ERP needs an invoice.
    from loyalty.erp import example

    kind = "application/json" if where.format == "json" else "application/xml"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Content-Type": kind}
    try:
        url = f"{where.endpoint.rstrip('/')}/validations"
        answer = calls.call("POST", url, headers, example.text(where.format).encode())
        if answer.status in (404, 405, 501):
            return _only_reached(calls.call("HEAD", where.endpoint, headers | {"Accept": kind}))
    except NotReached as failure:
        return [_problem(failure.problem)]
    if found := _no_use(answer.status):
        return [found]
    took = f"within {answer.milliseconds} ms"
    if answer.status >= 400:
        words = f"It does not take a document of ours in the format {where.format} ({answer.status})."
        return [Finding("failed", "not-understood", words)]
    return [Finding("ok", "understood", f"It understands our documents in the format {where.format}, {took}.")]


def _only_reached(answer: Answer) -> list[Finding]:
    if answer.status == 404:
        return [Finding("failed", "no-such-path", "There is nothing at that path (404).")]
    if found := _no_use(answer.status):
        return [found]
    said = [Finding("ok", "reached", f"It answers {answer.status} within {answer.milliseconds} ms.")]
    words = "It has no /validations: whether it takes our documents, only the first one will say."
    return [*said, Finding("note", "no-validations", words)]


def _no_use(status: int) -> Finding | None:
    if status in (401, 403):
        return Finding("failed", "refused", f"It answers {status}: the token is not accepted.")
    if 300 <= status < 400:
        return Finding("failed", "redirect", f"It answers {status}: redirects are not followed.")
    if status >= 500 and status != 501:
        return Finding("failed", "status", f"It answers {status}.")
    return None


def amazon_business(client: AmazonBusiness, buying_group: str | None, prefix: str) -> list[Finding]:
    """A token, and one search for one product."""
    try:
        page = client.search_products("paper", page_size=1)
    except CredentialsRevoked as failure:
        return [Finding("failed", "credentials", f"Amazon does not accept the authorization ({failure.code}).")]
    except Throttled:
        return [
            Finding("warning", "throttled", "Amazon asks to wait; the authorization is good. Test again in a minute.")
        ]
    except Refused as failure:
        return [Finding("failed", "refused", f"Amazon refuses the request ({failure.status} {failure.code}).")]
    except (NotSent, Unknown):
        return [Finding("failed", "no-answer", "Amazon could not be reached, or gave no usable answer.")]
    found = [Finding("ok", "search", f"Token and search work; {page.matching} products match a word.")]
    if not buying_group:
        found.append(Finding("note", "no-group", "No buying group is set: orders count for the account as a whole."))
    if not prefix:
        found.append(Finding("note", "no-prefix", "No prefix is set for purchase orders: finance sees the id alone."))
    found.append(
        Finding(
            "note",
            "price-safeguard",
            "Amazon's own price safeguard is not told by its API. It must be 0 in Amazon Business (Business settings, "
            "ordering), or Amazon buys at a higher price than was quoted.",
        )
    )
    return found


def payment(ask: Callable[[], Any], name: str) -> list[Finding]:
    """`ask` is a read of something that nobody has; `name` the provider's."""
    try:
        ask()
    except provider.NotTrusted as failure:
        return [Finding("failed", "credentials", f"{name} does not accept the key ({failure.reason}).")]
    except provider.Refused as failure:
        if failure.status == 404:
            return [Finding("ok", "key", f"{name} accepts the key.")]
        return [Finding("failed", "refused", f"{name} refuses the request ({failure.status} {failure.reason}).")]
    except provider.Throttled:
        return [Finding("failed", "no-answer", f"{name} gave no usable answer. Test again in a minute.")]
    except provider.PaymentError:
        return [Finding("failed", "no-answer", f"{name} could not be reached.")]
    return [Finding("ok", "key", f"{name} accepts the key.")]


def no_key(name: str) -> list[Finding]:
    """Nobody has filled in the secret."""
    return [Finding("failed", "no-secret", f"The secret of {name} is not filled in.")]


def is_filled_in(secret: str) -> bool:
    """JSON whose values are not empty; `unset` is what nobody uses."""
    try:
        told = json.loads(secret)
    except ValueError:
        return False
    return isinstance(told, dict) and any(value for name, value in told.items() if name != "unset")


def _problem(problem: str | None) -> Finding:
    return Finding("failed", problem or "broken", PROBLEMS.get(problem or "", "There was no answer."))
