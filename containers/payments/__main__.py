"""python -m containers.payments: wire the service to AWS, the payment providers and the database, and run."""

from __future__ import annotations

import os
from collections.abc import Callable

from containers import xray
from containers.callbacks import Callbacks
from containers.payments.service import PaymentsService
from containers.telemetry import Telemetry
from containers.tracing import TracedPool
from containers.worker import SqsQueue, ThreadConnections, Worker, serve_health
from loyalty import aws
from loyalty.database import DatabaseSettings
from loyalty.payments.providers import Providers, amazon_pay, stripe
from loyalty.payments.tasks import Settings


def main() -> None:
    """Run until SIGTERM. A missing variable is a KeyError here, not at the first message."""
    telemetry = Telemetry("payments")
    spans = xray.start("payments")
    secrets = aws.client("secretsmanager")

    def secret(variable: str) -> Callable[[], str]:
        arn = os.environ[variable]
        return lambda: str(secrets.get_secret_value(SecretId=arn)["SecretString"])

    http = TracedPool(maxsize=8)
    providers = Providers(
        amazon_pay=amazon_pay(os.environ["AMAZON_PAY_URL"], secret("AMAZON_PAY_SECRET_ARN"), http),
        stripe=stripe(os.environ["STRIPE_URL"], secret("STRIPE_SECRET_ARN"), http),
    )
    settings = Settings(providers, os.environ["PORTAL_ORIGIN"])
    callbacks = Callbacks(aws.client("stepfunctions"), telemetry)
    connections = ThreadConnections(DatabaseSettings.from_environment())
    service = PaymentsService(connections.connection, settings, callbacks, telemetry)
    worker = Worker(
        SqsQueue(aws.client("sqs", read_seconds=aws.LONG_POLL_SECONDS), os.environ["QUEUE_URL"], telemetry),
        service.handle,
        telemetry,
        loops=service.loops,
        callbacks=callbacks,
    )
    if port := os.environ.get("HEALTH_PORT"):
        serve_health(worker, int(port))
    worker.run()
    spans.shutdown()
    # A thread that hangs in a call must not keep the task alive: what it was doing is found by its stored key.
    os._exit(0)


if __name__ == "__main__":
    main()
