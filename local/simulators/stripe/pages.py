"""The hosted checkout page: plain HTML, keyboard and phone first."""

from __future__ import annotations

from html import escape
from typing import Any

from local.simulators.amazon_pay.pages import page


def approval(session: dict[str, Any], *, declined: bool = False) -> str:
    """Amount and three ways out."""
    words = "<p><strong>The card was declined. Try another one.</strong></p>" if declined else ""
    return page(
        "Pay",
        f"""<h1>Stripe Checkout, local stand-in</h1><p>No money moves: this page lives on your computer.</p>{words}
<p class="amount">{session["amount_minor"] / 100:.2f} {escape(session["currency"].upper())}</p>
<form method="post"><button class="pay" name="decision" value="pay">Pay</button>
<button name="decision" value="decline">Let the bank decline</button>
<button name="decision" value="abandon">Abandon and go back</button></form>
<small>Order {escape(session["reference"] or "")}</small>""",
    )


def over(session: dict[str, Any]) -> str:
    """Nothing left to decide."""
    return page(
        "This checkout is over",
        f"<h1>This checkout is over</h1><p>It is {escape(session['status'])}. You may close this page.</p>",
    )


def missing() -> str:
    """No such session."""
    return page("Not found", "<h1>There is no such checkout</h1><p>Its address may be mistyped.</p>")
