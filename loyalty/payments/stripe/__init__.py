"""Stripe as a payment provider: hosted checkout, manual capture, refunds, by Stripe's own package."""
