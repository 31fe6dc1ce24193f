"""Stripe's events, believed only with Stripe's signature on their very bytes, at most five minutes old."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import stripe

from loyalty.payments.notices import Forged, Notice

TOLERANCE_SECONDS = 300


def read(body: bytes, signature: str | None, secrets: Sequence[str]) -> Notice:
    """Raises Forged. What is signed and cannot be read is a notice as well: of nothing known."""
    for secret in secrets:
        try:
            event = stripe.Webhook.construct_event(body, signature, secret, TOLERANCE_SECONDS)
        except stripe.SignatureVerificationError:
            continue
        except UnicodeDecodeError:
            break
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Notice("stripe", hashlib.sha256(body).hexdigest(), "malformed", "-")
        return _notice(body, event.to_dict())
    raise Forged("Stripe-Signature")


def _notice(body: bytes, event: Mapping[str, Any]) -> Notice:
    data = event.get("data")
    inner = data.get("object") if isinstance(data, dict) else None
    about: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
    kind = str(event.get("type") or "unknown")
    related = (about.get(name) for name in ("payment_intent", "id"))
    return Notice(
        "stripe",
        str(event.get("id") or hashlib.sha256(body).hexdigest()),
        kind,
        str(about.get("id") or "-"),
        tuple(one for one in related if isinstance(one, str)),
        is_dispute=kind.startswith("charge.dispute."),
    )
