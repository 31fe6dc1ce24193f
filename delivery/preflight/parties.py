"""What others have to have given: credentials of Amazon Business and of the payment providers, QuickSight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from delivery.preflight.account import Account, Refused
from delivery.preflight.deployed import outputs
from delivery.preflight.findings import Finding, Remedy, ok, to_do, unknown
from stacks.settings import Settings

# Login with Amazon: a client secret is good for so long, and some weeks are needed to change it in peace.
LWA_SECRET_DAYS, WARNING_DAYS = 180, 30
# Output of the stack `integrations`: whose, and whether nothing at all is redeemed without it.
BY_HAND = {
    "AmazonBusinessSecretArn": ("Amazon Business", True),
    "AmazonPaySecretArn": ("Amazon Pay", False),
    "StripeSecretArn": ("Stripe", False),
    "StripeWebhookSecretArn": ("Stripe's webhooks", False),
}
CONSENT = Remedy(
    "register an application, let an administrator of the company's Amazon Business account consent to it, keep the "
    "refresh token; ask for the role Amazon Business Order Placement and an ordering-enabled buying group",
    "https://developer-docs.amazon.com/amazon-business/docs/onboarding-overview",
    "some weeks (an estimate: Amazon names no time)",
    "docs/operations/secrets.md",
)
FILL = Remedy(
    "aws secretsmanager put-secret-value --secret-id {arn} --secret-string file://…",
    "your shell, after the first deployment",
    "a minute, once the other party has given them",
    "docs/operations/secrets.md",
)


def secrets(account: Account, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Each credential is there and was put in by a person; looks at no value, only at when it was written."""
    try:
        stands = outputs(account, settings, "integrations")
    except Refused as refused:
        yield unknown("secrets", str(refused), FILL)
        return
    if not stands:
        yield to_do(
            "secrets",
            "the stack `integrations` makes them: they are filled after the first deployment",
            FILL,
            blocks=False,
        )
        yield unknown("Amazon Business consent", "there is no secret yet that would hold its refresh token", CONSENT)
        return
    for output, (party, needed) in BY_HAND.items():
        yield from _secret(account, stands[output], party, needed, now)


def _secret(account: Account, arn: str, party: str, needed: bool, now: datetime) -> Iterator[Finding]:
    subject = f"secret of {party}"
    remedy = Remedy(FILL.what.format(arn=arn), FILL.where, FILL.lasts, FILL.source)
    try:
        described = account.ask("secretsmanager", "DescribeSecret", SecretId=arn)
    except Refused as refused:
        yield unknown(subject, str(refused), remedy)
        return
    # A deployment writes the first version, with empty values; whoever fills it in writes a second.
    stages = [stage for stages in described.get("VersionIdsToStages", {}).values() for stage in stages]
    filled = "AWSPREVIOUS" in stages
    if not filled:
        yield to_do(subject, "is as the deployment made it: empty", remedy, blocks=needed)
    else:
        yield ok(subject, f"was put in on {described['LastChangedDate']:%Y-%m-%d}; that it is right nobody looked")
    if party == "Amazon Business":
        yield _consent(filled)
        if filled:
            yield _age(described["LastChangedDate"], now)


def _consent(filled: bool) -> Finding:
    subject = "Amazon Business consent"
    if not filled:
        return to_do(subject, "there is no refresh token", CONSENT)
    words = "a token is there; whether Amazon takes it only a call says: docs/operations/deploy.md, first redemption"
    return unknown(subject, words, CONSENT)


def _age(changed: datetime, now: datetime) -> Finding:
    subject = "age of the LWA client secret"
    left = LWA_SECRET_DAYS - (now - changed) // timedelta(days=1)
    remedy = Remedy(
        "rotate it",
        "docs/operations/secrets.md",
        "a quarter of an hour; the old one is good for a week longer",
        "https://developer-docs.amazon.com/amazon-business/docs/rotate-application-client-credentials",
    )
    if left <= 0:
        return to_do(subject, f"ended {-left} days ago: Amazon refuses it", remedy)
    if left <= WARNING_DAYS:
        return to_do(subject, f"is good for {left} days", remedy, blocks=False)
    return ok(subject, f"is good for {left} days, if it was new when it was put in")


def quicksight(account: Account, settings: Settings) -> Iterator[Finding]:
    """The account is subscribed, and whom the config names is there."""
    section = settings.lake.quicksight
    if not section.enabled:
        return
    subscribe = Remedy(
        "subscribe to QuickSight (Enterprise), then make the groups or users that the config names",
        "https://quicksight.aws.amazon.com",
        "minutes",
        "docs/operations/lake.md",
    )
    number = settings.deployment.account
    try:
        answer = account.ask("quicksight", "DescribeAccountSubscription", AwsAccountId=number)
    except Refused as refused:
        if refused.code == "ResourceNotFoundException":
            yield to_do("QuickSight subscription", "there is none", subscribe)
        else:
            yield unknown("QuickSight subscription", str(refused), subscribe)
        return
    status = answer.get("AccountInfo", {}).get("AccountSubscriptionStatus", "")
    if status != "ACCOUNT_CREATED":
        yield to_do("QuickSight subscription", f"its state is {status or 'unknown'}", subscribe)
        return
    yield ok("QuickSight subscription", answer["AccountInfo"].get("Edition", "is there"))
    for principal in section.principals:
        yield _principal(account, number, principal, subscribe)


def _principal(account: Account, number: str, principal: str, remedy: Remedy) -> Finding:
    where, (kind, name) = principal.split(":")[3], principal.split(":", 5)[5].split("/default/")
    subject = f"QuickSight {kind} {name}"
    operation, field = ("DescribeGroup", "GroupName") if kind == "group" else ("DescribeUser", "UserName")
    try:
        account.ask("quicksight", operation, region=where, AwsAccountId=number, Namespace="default", **{field: name})
    except Refused as refused:
        if refused.code == "ResourceNotFoundException":
            return to_do(subject, "is not there", remedy)
        return unknown(subject, str(refused), remedy)
    return ok(subject, "is there")
