"""python -m containers.payments: wire the service to AWS, Amazon Pay and the database, and run."""

from __future__ import annotations

import os

import boto3

from containers.callbacks import Callbacks
from containers.payments.providers import Providers
from containers.payments.service import PaymentsService
from containers.telemetry import Telemetry
from containers.worker import SqsQueue, ThreadConnections, Worker, serve_health
from loyalty.database import DatabaseSettings
from loyalty.payments.tasks import Settings


def main() -> None:
    """Run until SIGTERM. A missing variable is a KeyError here, not at the first message."""
    telemetry = Telemetry("payments")
    secrets, secret_arn = boto3.client("secretsmanager"), os.environ["AMAZON_PAY_SECRET_ARN"]
    providers = Providers(
        os.environ["AMAZON_PAY_URL"], lambda: str(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])
    )
    settings = Settings(providers, os.environ["PORTAL_ORIGIN"])
    callbacks = Callbacks(boto3.client("stepfunctions"), telemetry)
    connections = ThreadConnections(DatabaseSettings.from_environment())
    service = PaymentsService(connections.connection, settings, callbacks, telemetry)
    worker = Worker(
        SqsQueue(boto3.client("sqs"), os.environ["QUEUE_URL"], telemetry),
        service.handle,
        telemetry,
        loops=service.loops,
        callbacks=callbacks,
    )
    if port := os.environ.get("HEALTH_PORT"):
        serve_health(worker, int(port))
    worker.run()
    # A thread that hangs in a call must not keep the task alive: what it was doing is found by its stored key.
    os._exit(0)


if __name__ == "__main__":
    main()
