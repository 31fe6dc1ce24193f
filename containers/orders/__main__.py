"""python -m containers.orders: wire the service to AWS, Amazon Business and the database, and run."""

from __future__ import annotations

import os
import time

from containers import xray
from containers.callbacks import Callbacks
from containers.orders.service import OrdersService
from containers.telemetry import Telemetry
from containers.tracing import TracedPool, on_order
from containers.worker import Outgoing, SqsQueue, ThreadConnections, Worker, serve_health
from loyalty import aws
from loyalty.database import DatabaseSettings
from loyalty.orders.amazon_business import AmazonBusiness, RenewedCredentials
from loyalty.orders.following import Follower
from loyalty.orders.placing import Placing

# The one connection that this service's secret belongs to.
CONNECTION = os.environ.get("AMAZON_BUSINESS_CONNECTION", "default")


def main() -> None:
    """Run until SIGTERM. A missing variable is a KeyError here, not at the first message."""
    telemetry = Telemetry("orders")
    spans = xray.start("orders")
    secrets, secret_arn = aws.client("secretsmanager"), os.environ["AMAZON_BUSINESS_SECRET_ARN"]
    amazon = AmazonBusiness(
        os.environ["AMAZON_BUSINESS_URL"],
        os.environ["AMAZON_LWA_URL"],
        RenewedCredentials(lambda: str(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])),
        TracedPool(maxsize=8),
    )
    callbacks = Callbacks(aws.client("stepfunctions"), telemetry)
    connections = ThreadConnections(DatabaseSettings.from_environment())
    sqs = aws.client("sqs", read_seconds=aws.LONG_POLL_SECONDS)
    heard = Outgoing(sqs, os.environ["ORDER_INFORMATION_QUEUE_URL"])
    service = OrdersService(
        connections.connection,
        Placing(amazon, CONNECTION, on=on_order),
        CONNECTION,
        callbacks,
        telemetry,
        follower=Follower(amazon, CONNECTION, heard.send, time.monotonic),
    )
    worker = Worker(
        SqsQueue(sqs, os.environ["QUEUE_URL"], telemetry),
        service.handle,
        telemetry,
        loops=service.loops,
    )
    if port := os.environ.get("HEALTH_PORT"):
        serve_health(worker, int(port))
    worker.run()
    spans.shutdown()
    # A thread that hangs in a call must not keep the task alive: what it was doing is found by its lease.
    os._exit(0)


if __name__ == "__main__":
    main()
