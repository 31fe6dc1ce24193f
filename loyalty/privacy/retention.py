"""How long each store keeps what it has on persons, in one table: the function `privacy` does what is by job; tests
compare what it says of buckets with the stacks, and docs/privacy.md with all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from loyalty.database import Connection

# sender: the function `webhook_sender`, when it has sent what there is.
type By = Literal["job", "bucket", "closure", "erasure", "sender", "log group"]

EXPORT_DAYS = 7
PIECE, MOST_PIECES = 2_000, 20


@dataclass(frozen=True, slots=True)
class Rule:
    """`days` None: as long as `kept` says. `name`: what the database calls the job's rule (privacy.remove_old)."""

    name: str
    store: str
    what: str
    kept: str
    by: By
    days: int | None = None


RETENTION: tuple[Rule, ...] = (
    Rule("sign_in", "Cognito", "sign-in: e-mail, password, passkeys", "until the account ends", "closure"),
    Rule("member", "members", "e-mail, telephone, addresses", "until a day after the account ends; at once by erasure",
         "closure"),
    Rule("past_contacts", "members", "e-mail addresses and telephones of before", "2 years", "job", 730),
    Rule("phone_codes", "members", "codes sent to confirm a telephone", "30 days", "job", 30),
    Rule("claim_codes", "members", "codes sent to claim a membership", "30 days after they lapsed", "job", 30),
    Rule("step_up_codes", "redemptions", "codes sent to confirm an order", "30 days", "job", 30),
    Rule("devices", "redemptions", "hash of the device an order came from", "until erasure", "erasure"),
    Rule("choices", "notifications", "choices of messages, and what stopped them", "until the account ends", "closure"),
    Rule("message_facts", "notifications", "what messages said; that they were sent stays", "2 years", "job", 730),
    Rule("wishes", "wishes", "wish list", "until the account ends", "closure"),
    Rule("personalisation", "interactions", "whether what a member looks at may be kept", "until the account ends",
         "closure"),
    Rule("catalogue_views", "interactions", "which products a member looked at, if they want that to be kept",
         "1 year; at once when they want it no more", "job", 365),
    Rule("chosen_for", "recommendations", "what was chosen for a member out of that, if they want it",
         "until the next night chooses anew, or the account ends; at once when they want it no more", "closure"),
    Rule("case_words", "cases", "what was said in cases; what was decided stays", "3 years after the decision", "job",
         1095),
    Rule("case_files", "case files (S3)", "photos and return labels", "2 years", "bucket", 730),
    Rule("documents", "documents (S3)", "receipts, invoices and credit notes as PDF",
         "10 years from the end of their year, erased members' too: the law wants them", "job"),
    Rule("exports", "exports (S3)", "exports of members' data", "7 days", "bucket", EXPORT_DAYS),
    Rule("imports", "import files (S3)", "files of members and purchases", "30 days", "bucket", 30),
    Rule("catalogue_tables", "import files (S3), catalogue",
         "staff's tables of products in quarantine; who brought them, and what was wrong, stays", "30 days", "bucket",
         30),
    Rule("invoice_mails", "invoices (S3)", "mail that Amazon's invoices came by: it may name whom goods went to",
         "30 days", "bucket", 30),
    Rule("invoice_readings", "invoices (S3)", "what was read of Amazon's invoices, names and addresses on them too",
         "30 days", "bucket", 30),
    Rule("invoice_papers", "invoices (S3)", "Amazon's invoices as PDF, which may name whom goods went to",
         "10 years, erased members' too: the law wants the books' papers", "bucket", 3650),
    Rule("deliveries", "integrations", "what webhooks were told of a member, and every attempt",
         "30 days; an erased member's that have ended go at once", "sender", 30),
    Rule("simulations", "simulation", "what drafts would do, with ten members by number as examples", "30 days", "job",
         30),
    Rule("hold_reasons", "members", "why a legal hold stood, in staff's words",
         "until the account ends, which it does not while one stands", "closure"),
    Rule("audit", "audit log", "what staff did and looked at: ids, amounts, members' numbers: nobody's later",
         "always; no role may change a row", "erasure"),
    Rule("logs", "logs", "ids only", "as `log_retention_days` says", "log group"),
    Rule("lake", "lake (S3), warehouse", "what members did, under random keys: ids, amounts, times, level, country",
         "always; an erased member's key goes at once, and then nobody knows whose it was", "erasure"),
    Rule("books", "points, orders, payments, reports, reconciliation, invoices, erp", "ids, amounts, times: the books",
         "always; nobody is named in them", "erasure"),
)  # fmt: skip

# Delete a stored document by its key; one that is gone already is no failure.
type DeleteDocument = Callable[[str], object]


def apply(connection: Connection, delete: DeleteDocument, more: Callable[[], bool]) -> dict[str, int]:
    """Do what the job has to, piece by piece while there is `more` time. How much went, by rule."""
    done: dict[str, int] = {}
    for rule in RETENTION:
        if rule.by != "job" or rule.days is None:
            continue
        for _ in range(MOST_PIECES):
            if not more():
                return done
            removed = _piece(connection, rule)
            if removed:
                done[rule.name] = done.get(rule.name, 0) + removed
            if removed < PIECE:
                break
    while more() and (rows := connection.execute("select * from privacy.documents_to_remove(100)").fetchall()):
        for row in rows:
            delete(row["object_key"])
            connection.execute("select privacy.document_removed(%s, %s)", (row["program_id"], row["document_id"]))
            done["documents"] = done.get("documents", 0) + 1
    return done


def _piece(connection: Connection, rule: Rule) -> int:
    row = connection.execute(
        "select privacy.apply_retention(%s, %s, %s) as removed", (rule.name, rule.days, PIECE)
    ).fetchone()
    assert row is not None
    return int(row["removed"])


def page() -> str:
    """The table of docs/privacy.md."""
    lines = ["| store | what | kept | by |", "|---|---|---|---|"]
    lines += [f"| {rule.store} | {rule.what} | {rule.kept} | {rule.by} |" for rule in RETENTION]
    return "\n".join(lines)
