"""python -m containers.payments: wire the service to AWS, Amazon Pay and the database, and run."""

from __future__ import annotations

import os

import boto3

from containers.callbacks import Callbacks
from containers.payments.service import PaymentsService
from containers.telemetry import Telemetry
from containers.worker import SqsQueue, ThreadConnections, Worker, serve_health
from loyalty.database import DatabaseSettings
from loyalty.payments.amazon_pay.adapter import AmazonPay
from loyalty.payments.amazon_pay.client import AmazonPayClient, Credentials
from loyalty.payments.tasks import Settings


def main() -> None:
    """Run until SIGTERM. A missing variable is a KeyError here, not at the first message."""
    telemetry = Telemetry("payments")
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["AMAZON_PAY_SECRET_ARN"])
    credentials = Credentials.from_json(secret["SecretString"])
    provider = AmazonPay(AmazonPayClient(os.environ["AMAZON_PAY_URL"], credentials), credentials.store_id)
    settings = Settings({provider.name: provider}, os.environ["PORTAL_ORIGIN"])
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
