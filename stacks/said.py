"""What the parts say of themselves, and what somebody is woken for."""

from __future__ import annotations

# As (alarm, metric, service, meaning): one of it in five minutes wakes somebody.
SAID = (
    (
        "OrdersPaused",
        "OrdersPaused",
        "orders",
        "Amazon Business takes no orders of ours (card, approval, daily cap, credentials); they wait, none is lost",
    ),
    (
        "AmazonUnanswered",
        "AmazonUnanswered",
        "quote_api",
        "Amazon Business does not answer members' questions for prices",
    ),
    (
        "PaymentProviderRefusesUs",
        "PaymentProviderRefusesUs",
        "payments",
        "The payment provider refuses our credentials or our account, not a member's card",
    ),
    (
        "EventsParked",
        "OutboxParked",
        "outbox_relay",
        "The event bus refuses an event for good, and what follows it waits",
    ),
    (
        "JournalMonthMissing",
        "JournalMonthsMissing",
        "sweeper",
        "The points journal has no partition for this month or the two after it",
    ),
    (
        "MonthCloseRefused",
        "MonthClosesRefused",
        "sweeper",
        "A month of the points ledger does not add up and stays open",
    ),
    (
        "MonthCloseLate",
        "MonthClosesLate",
        "sweeper",
        "A month of the points ledger ended a day ago and is not closed",
    ),
    (
        "OrdersUnseen",
        "FollowingUnseen",
        "orders",
        "An open order was not seen at Amazon for a day: its reports fail, or the rate is not enough",
    ),
    (
        "CasesWaitTooLong",
        "CasesOverdue",
        "sweeper",
        "A case is past its deadline: a member, or money, waits for a person",
    ),
    ("SweeperRuleFails", "SweeperRuleFailures", "sweeper", "A rule of the sweeper fails: its log names the rule"),
    (
        "ClosuresFail",
        "ClosuresFailed",
        "closure",
        "An account cannot be closed, or its sign-in not removed; it is tried every hour",
    ),
    (
        "ClosuresOverdue",
        "ClosuresOverdue",
        "closure",
        "Accounts that are due were not looked at for hours",
    ),
    (
        "WebhookStopped",
        "WebhooksStopped",
        "webhook_sender",
        "A receiver of events has refused for days and is not sent to any more",
    ),
    (
        "PrivacyMeetsRefusal",
        "PrivacyFailed",
        "privacy",
        "An export or an erasure meets a store that refuses; it is tried again",
    ),
    (
        "ErpDocumentsGivenUp",
        "ErpGivenUp",
        "erp_gateway",
        "A document for the ERP is not tried any more, or was refused by it",
    ),
    (
        "InvoiceWatchFailing",
        "InvoiceWatchFailures",
        "invoice_watch",
        "What never came is not fetched, or what lies there not begun: the log of invoice_watch names the rule",
    ),
    (
        "InvoiceMonthsDiffer",
        "InvoiceMonthsDiffering",
        "invoice_watch",
        "A month of invoices is not what Amazon charged",
    ),
    (
        "PrivacyRequestsWait",
        "PrivacyOverdue",
        "privacy",
        "Erasures or exports stand still",
    ),
)
# Said when it begins and when it ends; in between silence means no change.
SAID_ONCE = {"OrdersPaused"}
