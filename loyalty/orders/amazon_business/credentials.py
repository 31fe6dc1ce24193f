"""The connection's credentials as they are now: read again after a while, because a person renews them at any time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

from loyalty.orders.amazon_business.contract import Credentials
from loyalty.orders.amazon_business.errors import CredentialsRevoked, NotSent

RENEW_SECONDS = 300.0
# What a person must do is the same: nothing that Amazon would take is in the secret.
NO_STATUS = 0


class RenewedCredentials:
    """`read` gives the secret's JSON and may raise anything. Safe to share between threads."""

    def __init__(self, read: Callable[[], str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: Credentials | None = None
        self._good_until = 0.0

    def __call__(self) -> Credentials:
        """The credentials. Raises CredentialsRevoked (not filled in) or, before the first success, NotSent."""
        with self._lock:
            if self._known is None or self._monotonic() >= self._good_until:
                self._renew()
            assert self._known is not None
            return self._known

    def _renew(self) -> None:
        try:
            secret = self._read()
        except Exception as error:
            # Those that are known are good until Amazon says otherwise.
            if self._known is None:
                raise NotSent(f"the secret cannot be read: {type(error).__name__}") from None
        else:
            self._known = credentials_from_secret(secret)
        self._good_until = self._monotonic() + RENEW_SECONDS


def credentials_from_secret(secret: str) -> Credentials:
    """Credentials out of the secret's JSON. Raises CredentialsRevoked naming what is missing, never a value."""
    try:
        values = json.loads(secret)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise CredentialsRevoked(NO_STATUS, "secret_is_no_json_object")
    names = Credentials.__dataclass_fields__
    missing = [name for name in names if not isinstance(values.get(name), str) or not values[name]]
    if missing:
        raise CredentialsRevoked(NO_STATUS, f"secret_lacks_{'_'.join(missing)}"[:60])
    return Credentials(**{name: values[name] for name in names})
