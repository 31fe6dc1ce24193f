"""The providers by name, built from their secrets when they are first needed and again when the secret may be newer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from urllib3 import PoolManager

from loyalty.payments.amazon_pay.adapter import AmazonPay
from loyalty.payments.amazon_pay.client import AmazonPayClient, Credentials
from loyalty.payments.provider import NotTrusted, PaymentProvider

# A rotated key is taken up after this time without a restart.
SECRET_SECONDS = 300.0

type Build = Callable[[str], PaymentProvider]


@dataclass(frozen=True, slots=True)
class Source:
    """`read_secret` returns the secret's JSON; `build` makes the provider of it, or raises if nobody filled it in."""

    read_secret: Callable[[], str]
    build: Build


def amazon_pay(base_url: str, read_secret: Callable[[], str], http: PoolManager | None = None) -> Source:
    """Amazon Pay at this address."""

    def build(secret: str) -> PaymentProvider:
        credentials = Credentials.from_json(secret)
        return AmazonPay(AmazonPayClient(base_url, credentials, http=http), credentials.store_id)

    return Source(read_secret, build)


def stripe(base_url: str, read_secret: Callable[[], str], http: PoolManager | None = None) -> Source:
    """Stripe at this address. Its package is large: only a programme that uses it loads it."""

    def build(secret: str) -> PaymentProvider:
        from loyalty.payments.stripe import adapter, client

        return adapter.Stripe(client.StripeApi(base_url, client.Credentials.from_json(secret), http=http))

    return Source(read_secret, build)


class Providers(Mapping[str, PaymentProvider]):
    """A secret nobody has filled in yet is NotTrusted."""

    def __init__(self, **sources: Source) -> None:
        self._sources = sources
        self._built: dict[str, tuple[float, str, PaymentProvider]] = {}

    def __getitem__(self, name: str) -> PaymentProvider:
        source, built = self._sources[name], self._built.get(name)
        if built is None or time.monotonic() - built[0] > SECRET_SECONDS:
            built = self._built[name] = _built(source, built)
        return built[2]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


def _built(source: Source, before: tuple[float, str, PaymentProvider] | None) -> tuple[float, str, PaymentProvider]:
    secret = source.read_secret()
    if before is not None and before[1] == secret:
        return (time.monotonic(), secret, before[2])
    try:
        return (time.monotonic(), secret, source.build(secret))
    except (KeyError, TypeError, ValueError) as error:
        raise NotTrusted("CredentialsNotSet") from error
