"""The page at Amazon where the member approves: plain HTML, keyboard and phone first."""

from __future__ import annotations

from html import escape
from typing import Any

from local.simulators.amazon_pay import fields
from local.simulators.amazon_pay.sessions import CARDS

CARD_WORDS = {
    "3064": "cancelled by the buyer",
    "3434": "declined",
    "0701": "decided after 30 s",
    "4354": "declined after 30 s",
}
STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef0f2;color:#16191d;
font:16px/1.5 system-ui,sans-serif}
main{width:min(26rem,100vw);background:#fff;padding:2rem;border-radius:14px;
box-shadow:0 1px 2px #0002,0 12px 40px #0001}
h1{font-size:1rem;margin:0 0 .25rem;letter-spacing:.01em}
p{margin:0 0 1rem;color:#4a525c}.amount{font-size:2.4rem;font-weight:650;color:#16191d;margin:1rem 0 0;
font-variant-numeric:tabular-nums}
label{display:block;margin:1.25rem 0 .35rem;font-weight:600;font-size:.9rem}
select,button{width:100%;min-height:48px;font:inherit;border-radius:10px;border:1px solid #b8c0ca;background:#fff}
select{padding:0 .75rem}button{margin-top:.75rem;font-weight:600;cursor:pointer}
button.pay{background:#16191d;color:#fff;border-color:#16191d}
button:focus-visible,select:focus-visible{outline:3px solid #4a90d9;outline-offset:2px}
small{display:block;margin-top:1.25rem;color:#5c6570;overflow-wrap:anywhere}
"""


def approval(session: dict[str, Any]) -> str:
    """Amount, card, and three ways out."""
    price = fields.shown(session["amount_minor"], session["currency"])
    cards = "".join(
        f'<option value="{card}">Visa •••• {card}{" – " + CARD_WORDS[card] if card in CARD_WORDS else ""}</option>'
        for card in CARDS
    )
    return page(
        "Approve your payment",
        f"""<h1>Amazon Pay, local stand-in</h1><p>No money moves: this page lives on your computer.</p>
<p class="amount">{escape(price["amount"])} {escape(price["currencyCode"])}</p>
<form method="post"><label for="card">Pay with</label><select id="card" name="card">{cards}</select>
<button class="pay" name="decision" value="pay">Pay</button>
<button name="decision" value="decline">Let the bank decline</button>
<button name="decision" value="abandon">Abandon and go back</button></form>
<small>Order {escape(session["merchant_reference"] or "")}</small>""",
    )


def over(session: dict[str, Any]) -> str:
    """Nothing left to decide."""
    return page(
        "This checkout is over",
        f"<h1>This checkout is over</h1><p>It is {escape(session['state'].lower())}. You may close this page.</p>",
    )


def missing() -> str:
    """No such session."""
    return page("Not found", "<h1>There is no such checkout</h1><p>Its address may be mistyped.</p>")


def page(title: str, content: str) -> str:
    """The frame that stand-ins share."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{content}</main></body></html>"
    )
