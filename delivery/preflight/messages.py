"""Whether members can be written to: SES, SMS, the domains and what the world's DNS says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.exception
import dns.resolver

from delivery.preflight.account import Account, Refused
from delivery.preflight.findings import Finding, Remedy, ok, to_do, unknown
from stacks.settings import Settings

# A message a member and day is what a busy programme sends; less than this is a sandbox's or a beginner's.
MAILS_A_DAY = 10_000
# (name, type of record) → what the DNS says. Raises OSError when it does not answer.
Resolve = Callable[[str, str], list[str]]
SES_SOURCE = "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"
DOMAINS_SOURCE = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
SMS_SOURCE = "https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox-moving-to-production.html"


def mail(account: Account, settings: Settings) -> Iterator[Finding]:
    """SES sends to anybody, enough, and from the config's address."""
    access = Remedy(
        "ask for production access: what is sent (orders, shipments, statements), to members only, bounces handled",
        f"https://{settings.deployment.region}.console.aws.amazon.com/ses/home#/account",
        "AWS answers within a day",
        SES_SOURCE,
    )
    try:
        answer = account.ask("sesv2", "GetAccount")
    except Refused as refused:
        yield unknown("SES sandbox", str(refused), access)
    else:
        if answer.get("ProductionAccessEnabled"):
            yield ok("SES sandbox", "left: mail goes to anybody")
        else:
            yield to_do("SES sandbox", "mail goes to verified addresses only", access)
        yield _volume(answer, settings)
    yield from _identity(account, settings)


def _volume(answer: dict[str, object], settings: Settings) -> Finding:
    quota = answer.get("SendQuota")
    most = float(quota["Max24HourSend"]) if isinstance(quota, dict) else 0.0
    remedy = Remedy(
        f"ask for {MAILS_A_DAY} mails a day or what your members need",
        "https://console.aws.amazon.com/servicequotas/home/services/ses/quotas",
        "with production access, or within a day",
        "https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html",
    )
    # -1: as much as one likes.
    if 0 <= most < MAILS_A_DAY:
        return to_do("SES sending", f"{most:g} mails a day, wanted: {MAILS_A_DAY}", remedy, blocks=False)
    return ok("SES sending", "any number of mails" if most < 0 else f"{most:g} mails a day")


def _identity(account: Account, settings: Settings) -> Iterator[Finding]:
    messaging = settings.messaging
    name = messaging.mail_from.partition("@")[2] if messaging.mail_identity == "domain" else messaging.mail_from
    subject = f"SES identity {name}"
    try:
        identity = account.ask("sesv2", "GetEmailIdentity", EmailIdentity=name)
    except Refused as refused:
        made = Remedy(
            "deploy `messaging`, which makes it; then put its CNAME records into the DNS, or click the link it mails",
            "the domain's DNS",
            "up to 72 hours after the records are there",
            DOMAINS_SOURCE,
        )
        if refused.code == "NotFoundException":
            yield to_do(subject, "is not there yet", made, blocks=False)
        else:
            yield unknown(subject, str(refused), made)
        return
    if identity.get("VerifiedForSendingStatus"):
        yield ok(subject, "is verified")
        return
    tokens = identity.get("DkimAttributes", {}).get("Tokens", [])
    records = "; ".join(f"{token}._domainkey.{name} CNAME {token}.dkim.amazonses.com" for token in tokens)
    remedy = Remedy(
        f"put into the DNS: {records}" if records else "click the link in the mail that SES sent there",
        f"the DNS of {name}" if records else f"the mailbox {name}",
        "up to 72 hours after the records are there",
        DOMAINS_SOURCE,
    )
    yield to_do(subject, "is not verified", remedy)


def sms(account: Account, settings: Settings) -> Iterator[Finding]:
    """SMS reach anybody, may cost something, and are from the number that the config names."""
    leave = Remedy(
        "leave the SMS sandbox, and ask for a monthly spending limit that fits",
        f"https://{settings.deployment.region}.console.aws.amazon.com/sns/v3/home#/mobile/text-messaging",
        "AWS answers within a day; a registered number takes weeks in some countries",
        SMS_SOURCE,
    )
    try:
        sandbox = account.ask("sns", "GetSMSSandboxAccountStatus")["IsInSandbox"]
        limits = account.ask("sns", "GetSMSAttributes")["attributes"]
    except Refused as refused:
        yield unknown("SMS sandbox", str(refused), leave)
    else:
        if sandbox:
            yield to_do("SMS sandbox", "messages go to verified telephones only", leave)
        else:
            yield ok("SMS sandbox", "left: messages go to anybody")
        limit = float(limits.get("MonthlySpendLimit") or 1)
        if limit <= 1:
            yield to_do("SMS spending", f"{limit:g} US dollars a month", leave, blocks=False)
        else:
            yield ok("SMS spending", f"{limit:g} US dollars a month")
    if number := settings.messaging.sms_origination_number:
        yield _number(account, number, leave)


def _number(account: Account, number: str, remedy: Remedy) -> Finding:
    subject = f"SMS number {number}"
    try:
        found = list(account.pages("sns", "ListOriginationNumbers", "PhoneNumbers"))
    except Refused as refused:
        return unknown(subject, str(refused), remedy)
    for one in found:
        if one["PhoneNumber"] == number:
            status = one.get("Status", "ACTIVE")
            if status == "ACTIVE":
                return ok(subject, "is active")
            return to_do(subject, f"is {status}", remedy)
    return to_do(subject, "is not one of the account's", remedy)


def domains(account: Account, settings: Settings, resolve: Resolve) -> Iterator[Finding]:
    """Where invoices are mailed to leads to SES, and both web apps' hosts are known to the world."""
    here = settings.deployment.region
    if settings.invoices.enabled:
        wanted, domain = f"inbound-smtp.{here}.amazonaws.com", settings.invoices.domain
        remedy = Remedy(
            f"{domain} MX 10 {wanted}",
            f"the DNS of {domain}",
            "minutes to a day, as long as the old record is good for",
            "docs/operations/invoice-mail.md",
        )
        yield _record(f"MX of {domain}", domain, "MX", wanted, remedy, resolve)
        yield _receiving(account, settings)
    if settings.portals.hosting != "amplify":
        return
    for name in ("portal_origin", "manager_origin"):
        host = getattr(settings.integrations, name).removeprefix("https://")
        remedy = Remedy(
            f"{host} CNAME to the name that Amplify shows under custom domains",
            f"the DNS of {host}",
            "after the deployment of `portals`; the certificate takes minutes to an hour",
            "docs/operations/portal.md",
        )
        yield _record(f"DNS of {host}", host, "A", "", remedy, resolve)


def _record(subject: str, name: str, kind: str, wanted: str, remedy: Remedy, resolve: Resolve) -> Finding:
    try:
        found = resolve(name, kind)
    except OSError as error:
        return unknown(subject, f"the DNS does not answer: {error}", remedy)
    if not found:
        # Deployments make the names that these records lead to.
        return to_do(subject, "there is none yet", remedy, blocks=False)
    if wanted and not any(wanted in one for one in found):
        return to_do(subject, f"says {', '.join(found)}", remedy, blocks=False)
    return ok(subject, ", ".join(found))


def _receiving(account: Account, settings: Settings) -> Finding:
    """SES takes mail in this region, and nobody else's rules are active."""
    subject, ours = "SES receiving", f"loyalty-{settings.deployment.name}-invoices"
    remedy = Remedy(
        "agree whose rules are active, or [invoices] enabled = false",
        "the config, or whoever owns the other rule set",
        "as long as people take",
        "docs/operations/invoice-mail.md",
    )
    try:
        active = account.ask("ses", "DescribeActiveReceiptRuleSet").get("Metadata", {}).get("Name", "")
    except Refused as refused:
        return unknown(subject, f"{refused} (a region in which SES takes no mail answers so)", remedy)
    if active not in ("", ours):
        return to_do(subject, f"the rule set {active} is active: a deployment replaces it", remedy)
    return ok(subject, "no other rule set is active")


def resolve(name: str, kind: str) -> list[str]:
    """The world's records; none if there is no such name. Raises OSError when no name server answers."""
    try:
        return sorted(str(record).rstrip(".") for record in dns.resolver.resolve(name, kind, lifetime=5))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise OSError(" ".join(str(error).split()) or type(error).__name__) from None
