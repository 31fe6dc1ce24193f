"""The one version of MiniStack whose private names the patches bind."""

from __future__ import annotations

from importlib.metadata import version
from types import ModuleType
from typing import Any

MINISTACK = "1.5.33"


def private(owner: ModuleType | type, name: str) -> Any:
    """`owner.name`; AssertionError naming the pinned version and the name if MiniStack is another or lacks it."""
    where = f"{owner.__module__ + '.' if isinstance(owner, type) else ''}{owner.__name__}.{name}"
    installed = version("ministack")
    assert installed == MINISTACK, (
        f"local/emulator patches ministack=={MINISTACK} and found {installed}: look at {where} before changing the pin"
    )
    assert hasattr(owner, name), f"ministack=={MINISTACK} should have {where}: a patch of local/emulator binds it"
    return getattr(owner, name)


def replace(owner: ModuleType | type, name: str, value: object) -> Any:
    """Put `value` in the place of `owner.name` and return what was there; fails as `private` does."""
    original = private(owner, name)
    setattr(owner, name, value)
    return original
