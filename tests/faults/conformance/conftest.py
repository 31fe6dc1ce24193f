"""The session's local cloud."""

from __future__ import annotations

from tests.cloud import cloud

__all__ = ["cloud"]
