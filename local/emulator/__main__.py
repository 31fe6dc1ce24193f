"""`python -m local.emulator SETTINGS.json`: patch MiniStack, serve it on its one port, end tidily on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from local.emulator.settings import CREDENTIALS, Settings


def main() -> None:
    settings = Settings.read(sys.argv[1])
    Path(settings.state).mkdir(parents=True, exist_ok=True)
    # MiniStack reads its environment when it is imported, so it is imported after this.
    os.environ.update(settings.environment(), **CREDENTIALS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # It logs who writes to whom.
    logging.getLogger("mail").setLevel(logging.WARNING)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard) if soft < hard else (soft, hard))
    asyncio.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT: then the services end first, the gateway after them, the state is saved last."""
    from hypercorn.asyncio import serve as serve_forever
    from hypercorn.config import Config
    from ministack import app

    from local.emulator import (
        addresses,
        aurora,
        control,
        custom_resources,
        functions,
        inbound_mail,
        placeholders,
        services,
        sign_in,
        state_machines,
        telephones,
    )
    from local.emulator.task_secrets import read_secret

    record = placeholders.install(Path(settings.state) / "placeholders.json")
    addresses.install(settings.gateway_port)
    aurora.install(settings.database_port)
    functions.install(settings)
    custom_resources.install()
    inbound_mail.install(settings.gateway_port)
    sign_in.install()
    state_machines.install()
    telephones.install()
    running = services.install(settings, lambda reference: read_secret(settings.gateway_port, reference))

    config = Config()
    config.bind = [f"127.0.0.1:{settings.gateway_port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def stopped() -> None:
        await stop.wait()
        await asyncio.to_thread(running.stop)

    gateway = control.wrap(app.app, record, running, app)
    mail = await inbound_mail.listen(settings.mail_port, settings.gateway_port)
    await serve_forever(gateway, config, shutdown_trigger=stopped)
    mail.close()
    functions.stop()


if __name__ == "__main__":
    main()
