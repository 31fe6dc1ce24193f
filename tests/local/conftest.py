"""The local cloud's own tests."""

from __future__ import annotations

from tests.cloud import cloud, own_cloud
from tests.local.probe import probe

__all__ = ["cloud", "own_cloud", "probe"]
