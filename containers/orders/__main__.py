"""python -m containers.orders: wire the service to AWS, Amazon Business and the database, and run."""

from __future__ import annotations

import os
from collections.abc import Callable

import boto3

from containers.callbacks import Callbacks
from containers.orders.service import OrdersService
from containers.telemetry import Telemetry
from containers.worker import Loop, SqsQueue, ThreadConnections, Worker, serve_health
from loyalty.database import DatabaseSettings
from loyalty.orders.amazon_business import AmazonBusiness, credentials_from_secret
from loyalty.orders.placing import Placing

# The one connection that this service's secret belongs to.
CONNECTION = os.environ.get("AMAZON_BUSINESS_CONNECTION", "default")
# A secret that an operator puts in or replaces is taken up after this time.
SECRET_SECONDS = 300.0


def main() -> None:
    """Run until SIGTERM. A missing variable is a KeyError here, not at the first message."""
    telemetry = Telemetry("orders")
    secrets, secret_arn = boto3.client("secretsmanager"), os.environ["AMAZON_BUSINESS_SECRET_ARN"]

    def read_secret() -> str:
        return str(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])

    secret = read_secret()
    amazon = AmazonBusiness(
        os.environ["AMAZON_BUSINESS_URL"],
        os.environ["AMAZON_LWA_URL"],
        credentials_from_secret(secret),
    )
    callbacks = Callbacks(boto3.client("stepfunctions"), telemetry)
    connections = ThreadConnections(DatabaseSettings.from_environment())
    service = OrdersService(connections.connection, Placing(amazon, CONNECTION), CONNECTION, callbacks, telemetry)
    worker = Worker(
        SqsQueue(boto3.client("sqs"), os.environ["QUEUE_URL"], telemetry),
        service.handle,
        telemetry,
        loops=[*service.loops, until_replaced(secret, read_secret, lambda: worker.stop())],
    )
    if port := os.environ.get("HEALTH_PORT"):
        serve_health(worker, int(port))
    worker.run()
    # A thread that hangs in a call must not keep the task alive: what it was doing is found by its lease.
    os._exit(0)


def until_replaced(secret: str, read_secret: Callable[[], str], stop: Callable[[], None]) -> Loop:
    """Ends the service when its secret is no longer this one; ECS then starts it with the new one."""

    def look() -> float:
        if read_secret() != secret:
            stop()
        return SECRET_SECONDS

    return Loop("secret", look)


if __name__ == "__main__":
    main()
