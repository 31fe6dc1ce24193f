"""The providers by name, built from their secrets when they are first needed and again when the secret may be newer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from loyalty.payments.amazon_pay.adapter import AmazonPay
from loyalty.payments.amazon_pay.client import AmazonPayClient, Credentials
from loyalty.payments.provider import NotTrusted, PaymentProvider

# A rotated key is taken up after this time without a restart.
SECRET_SECONDS = 300.0


class Providers(Mapping[str, PaymentProvider]):
    """`read_secret` returns the JSON of the Amazon Pay secret. A secret nobody has filled in yet is NotTrusted."""

    def __init__(self, amazon_pay_url: str, read_secret: Callable[[], str]) -> None:
        self._url = amazon_pay_url
        self._read_secret = read_secret
        self._built: tuple[float, str, AmazonPay] | None = None

    def __getitem__(self, name: str) -> PaymentProvider:
        if name != AmazonPay.name:
            raise KeyError(name)
        if self._built is None or time.monotonic() - self._built[0] > SECRET_SECONDS:
            self._built = self._build()
        return self._built[2]

    def __iter__(self) -> Iterator[str]:
        return iter((AmazonPay.name,))

    def __len__(self) -> int:
        return 1

    def _build(self) -> tuple[float, str, AmazonPay]:
        secret = self._read_secret()
        if self._built is not None and self._built[1] == secret:
            return (time.monotonic(), secret, self._built[2])
        try:
            credentials = Credentials.from_json(secret)
            provider = AmazonPay(AmazonPayClient(self._url, credentials), credentials.store_id)
        except (KeyError, TypeError, ValueError) as error:
            raise NotTrusted("CredentialsNotSet") from error
        return (time.monotonic(), secret, provider)
