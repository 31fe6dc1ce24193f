"""What was booked, as a page that reads like a ledger: no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

from local.simulators.erp.files import File

SHOWN = 100
STYLE = """
:root{color-scheme:light;--ink:#16191d;--soft:#5c6570;--line:#dfe3e8}
*{box-sizing:border-box}body{margin:0;background:#f5f6f8;color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:2rem 1.25rem 4rem}h1{font-size:1.5rem;margin:0}
h2{font-size:1.05rem;margin:2.5rem 0 .5rem}p{color:var(--soft);margin:.25rem 0 0}
.scroll{overflow-x:auto;background:#fff;border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;min-width:38rem}th,td{padding:.55rem .8rem;text-align:left;vertical-align:top;
border-bottom:1px solid var(--line)}tr:last-child td{border-bottom:0}
th{font-size:.8rem;color:var(--soft);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums;
white-space:nowrap}a{color:#1f4b99}.none{padding:1rem .8rem;color:var(--soft)}
.posted{color:#1c6b3a}.pending{color:#8a5a00}.rejected{color:#a32020}td.total{font-weight:650}
"""


def books(file: File) -> str:
    """The whole page."""
    parts = [
        "<h1>Finance, local stand-in</h1>",
        "<p>An ERP that lives on your computer: what was given to it, and what it booked.</p>",
        _purchases(file, "invoice", "Vendor invoices"),
        _purchases(file, "credit_memo", "Credit memos"),
        _journal(file),
        _trial_balance(file),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Finance, local stand-in</title><style>{STYLE}</style><main>{''.join(parts)}</main></html>"
    )


def _purchases(file: File, kind: str, title: str) -> str:
    rows = file.all("select * from documents where kind = ? order by rowid desc limit ?", kind, SHOWN)
    return _table(
        title,
        ["Document", "Number", "Date", "Vendor", "Takes back", "Status", "Tax", "Total"],
        [
            [
                _link(row), escape(row["number"].partition(" ")[0]), row["booked_on"], escape(row["vendor"]),
                escape(row["corrects"] or ""), _status(row), _money(row["tax_minor"], row["currency"]),
                _money(row["total_minor"], row["currency"]),
            ]
            for row in rows
        ],
        2,
    )  # fmt: skip


def _journal(file: File) -> str:
    rows = file.all(
        "select d.*, e.account, e.debit_minor, e.credit_minor, e.words"
        " from documents d join entries e using (document_id)"
        " where d.kind = 'journal' order by d.number desc, e.line limit ?",
        SHOWN * 2,
    )
    return _table(
        "Journal",
        ["Document", "Day", "Status", "What", "Account", "Debit", "Credit"],
        [
            [
                _link(row), row["booked_on"], _status(row), escape(row["words"]), escape(row["account"]),
                _money(row["debit_minor"], row["currency"]), _money(row["credit_minor"], row["currency"]),
            ]
            for row in rows
        ],
        2,
    )  # fmt: skip


def _trial_balance(file: File) -> str:
    rows = file.all(
        "select d.currency, e.account, sum(e.debit_minor) as debit, sum(e.credit_minor) as credit"
        " from entries e join documents d using (document_id) where d.status = 'posted'"
        " group by 1, 2 order by 1, 2"
    )
    told = [
        [escape(row["account"]), row["currency"], _money(row["debit"], row["currency"]),
         _money(row["credit"], row["currency"]), _money(row["debit"] - row["credit"], row["currency"])]
        for row in rows
    ]  # fmt: skip
    for currency in sorted({row["currency"] for row in rows}):
        debit = sum(row["debit"] for row in rows if row["currency"] == currency)
        credit = sum(row["credit"] for row in rows if row["currency"] == currency)
        told.append(
            ["Sum", currency, _money(debit, currency), _money(credit, currency), _money(debit - credit, currency)]
        )
    return _table("Trial balance", ["Account", "Currency", "Debit", "Credit", "Balance"], told, 3)


def _table(title: str, heads: list[str], rows: list[list[str]], numbers: int) -> str:
    if not rows:
        return f'<h2>{title}</h2><div class="scroll"><div class="none">Nothing yet.</div></div>'
    first = len(heads) - numbers

    def cell(tag: str, place: int, text: str) -> str:
        return f"<{tag}{' class=n' if place >= first else ''}>{text}</{tag}>"

    head = "".join(cell("th", place, text) for place, text in enumerate(heads))
    body = "".join(f"<tr>{''.join(cell('td', place, text) for place, text in enumerate(row))}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<h2>{title}</h2><div class="scroll">{table}</div>'


def _link(row: dict[str, Any]) -> str:
    return f'<a href="/_simulator/documents/{row["document_id"]}/body">{row["document_id"]}</a>'


def _status(row: dict[str, Any]) -> str:
    reason = f": {escape(row['reason'])}" if row["reason"] else ""
    return f'<span class="{row["status"]}">{row["status"]}{reason}</span>'


def _money(minor: int, currency: str) -> str:
    if not minor:
        return ""
    return f"{minor:,}" if currency == "JPY" else f"{minor / 100:,.2f}"
