"""The world's doors opened: every function's module with fakes of what is outside, and a database of its own."""

from __future__ import annotations

import importlib
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from lambdas import case_files, machine, mail, openapi, payment_webhook, queues, shelf, sms, webhook_api
from lambdas.environment import environment
from local.simulators.amazon_pay import notices as sns
from loyalty.database import Database
from loyalty.payments.amazon_pay.notices import Certificates
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import KEY, open_shop
from tests.domain.people import changed_points
from tests.fuzz.facts import (
    CANARY_PARTNER,
    CANARY_STAFF,
    SNS,
    WEBHOOK_SECRET,
)
from tests.fuzz.good import signer
from tests.fuzz.world import Fakes, World
from tests.lambdas.conftest import (
    MEMBER_CLIENT,
    PROGRAM_BY_CLIENT,
    STAFF_CLIENT,
)


@contextmanager
def opened(database: TestDatabase, folder: Path) -> Iterator[World]:
    """The world, with every function connected as its own role; checked once more when it is left."""
    variables = {
        "PROGRAM_BY_CLIENT": json.dumps(PROGRAM_BY_CLIENT | {CANARY_STAFF: 2, CANARY_PARTNER: 2}),
        "STATE_MACHINE_ARN": "arn:aws:states:x:1:stateMachine:engine",
        "PAYMENTS_QUEUE_URL": "queue",
        "SIMULATIONS_QUEUE_URL": "simulations",
        "DOCUMENTS_BUCKET": "documents",
        "EXPORTS_BUCKET": "exports",
        "AMAZON_PAY_SECRET_ARN": "amazon-pay",
        "STRIPE_SECRET_ARN": "stripe",
        "OUTSIDE_PARTIES": "outside/",
        "ORDER_INFORMATION_QUEUE_URL": "heard",
        "AMAZON_PAY_TOPICS": json.dumps([sns.TOPIC]),
        "MAIL_FROM": "programme@example.com",
        "MEMBER_AUTHORITY": "https://cognito.example/pool",
        "MEMBER_CLIENT_ID": MEMBER_CLIENT,
        "STAFF_AUTHORITY": "https://cognito.example/staff",
        "STAFF_CLIENT_ID": STAFF_CLIENT,
        "CASE_FILES_BUCKET": "files",
        "IMPORT_BUCKET": "imports",
        "INVOICES_BUCKET": "invoices",
        "REDSHIFT_WORKGROUP": "warehouse",
        "REDSHIFT_DATABASE": "loyalty",
    }
    fakes = Fakes()
    with ExitStack() as stack:
        shop = stack.enter_context(open_shop(database, folder))
        amazon = shop.amazon.client()
        stack.enter_context(mock.patch.dict("os.environ", variables))
        environment.cache_clear()
        stack.callback(environment.cache_clear)
        for target, name, value in (
            (machine, "step_functions", lambda: fakes),
            (queues, "sqs", lambda: fakes),
            (case_files, "_s3", lambda: fakes),
            (mail, "_ses", lambda: fakes),
            (sms, "_sns", lambda: fakes),
            (webhook_api, "_sqs", lambda: fakes),
            (shelf, "_s3", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.audit"), "_pool", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.messages"), "_pool", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.privacy"), "_s3", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.invoices"), "_s3", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.reports"), "_client", lambda: fakes),
            (importlib.import_module("lambdas.integrations_desk"), "_secrets", lambda: fakes),
            (importlib.import_module("lambdas.outside_secrets"), "_secrets", lambda: fakes),
            (importlib.import_module("lambdas.integrations_desk"), "amazon_business", lambda *_, **__: amazon),
            (
                payment_webhook,
                "_certificates",
                cache(lambda: Certificates(lambda _: sns.keys(signer())[1], f"{SNS}/")),
            ),
            (
                payment_webhook,
                "_signing_secret",
                cache(lambda: payment_webhook.SigningSecret(lambda: f'{{"signing_secret": "{WEBHOOK_SECRET}"}}')),
            ),
            (webhook_api, "_secrets", cache(lambda: webhook_api.Secrets(lambda: f'{{"current": "{WEBHOOK_SECRET}"}}'))),
            (importlib.import_module("lambdas.quote_api"), "amazon_business", lambda *_, **__: amazon),
            (importlib.import_module("lambdas.catalogue_desk"), "amazon_business", lambda *_, **__: amazon),
            (importlib.import_module("lambdas.manager_routes.catalogue"), "_s3", lambda: fakes),
            (importlib.import_module("lambdas.quote_api"), "_signing_key", lambda: KEY),
            (importlib.import_module("lambdas.member_routes.redemptions"), "_signing_key", lambda: KEY),
            (importlib.import_module("lambdas.member_routes.security"), "_link_key", lambda: KEY),
        ):
            stack.enter_context(mock.patch.object(target, name, value))
        for module, role in _doors():
            stack.enter_context(mock.patch.object(module, "database", _connected(database, role)))
            stack.callback(lambda module=module: module.database().close())
        owner, auditor = stack.enter_context(database.owner()), stack.enter_context(database.connect("auditor"))
        # Off by default: what is closed to all could not be tried.
        changed_points(owner, transfers_enabled=True, transfer_daily_limit=10**9)
        yield World(database, shop, fakes, owner, auditor)


# Routes that another function than their API's first one answers.
_OTHERS = dict.fromkeys(
    ("lambdas.manager_routes.invoices", "lambdas.manager_routes.erp"), "invoice_desk"
) | dict.fromkeys(("lambdas.manager_routes.demand", "lambdas.manager_routes.risks"), "demand_desk")


def _doors() -> Iterator[tuple[Any, str]]:
    """Every module that answers requests, and the role its function comes as."""
    for functions in openapi.APIS.values():
        for function in functions:
            importlib.import_module(function)
    for name, module in list(sys.modules.items()):
        if hasattr(module, "database") and re.fullmatch(r"lambdas\.((member|manager)_routes\.)?\w+", name):
            role = re.sub(r"(\w+)_routes\..*", r"\1_api", name.removeprefix("lambdas."))
            role = _OTHERS.get(name, role)
            if role == "staff":
                role = "manager_api"  # the guard before all of the staff's routes
            if f"lambdas.{role}" in itertools.chain.from_iterable(openapi.APIS.values()):
                yield module, role


def _connected(database: TestDatabase, role: str) -> Callable[[], Database]:
    return cache(lambda: Database(database.settings(role)))
