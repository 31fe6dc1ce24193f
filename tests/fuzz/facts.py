"""Names and marks that the fuzz tests' world is made of."""

from __future__ import annotations

import itertools

CANARY_STAFF, CANARY_PARTNER = "canary-staff", "canary-partner"
ASIN = "B0BUNDLE00"
# One pixel.
LOGO = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# Stored about members; never to be seen in a log, nor in anybody else's answers.
FULL_NAME, PHONE, STREET = "Quorva Zelmantine", "+12065550147", "Brimblecombe Passage"
MAILBOX = "zelmantine.example"
WEBHOOK_SECRET = "the-secret-of-the-webhook-in-tests"
SNS = "http://127.0.0.1:4620"
numbers = itertools.count(1)
