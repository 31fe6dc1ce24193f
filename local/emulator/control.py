"""The emulator's own door, `/_local/…` on the gateway: placeholders, services, mails, saving. Loopback only, as all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from types import ModuleType
from typing import Any

from ministack.core import persistence
from ministack.services import ses

from local.emulator.outages import Outages
from local.emulator.pinned import private
from local.emulator.placeholders import Record
from local.emulator.services import Services

type Gateway = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

MAILS = "/_local/mails/"
OUTAGES = "/_local/outages/"


def wrap(gateway: Gateway, record: Record, services: Services, application: ModuleType) -> Gateway:
    """`gateway` with these in front: GET /_local/placeholders, /_local/services, /_local/mails/<to whom>; POST
    /_local/services/start, /_local/services/restart, /_local/save (so that a later kill loses nothing of it); PUT and
    DELETE /_local/outages/<service> (off, on again)."""
    outages = Outages()
    collect = private(application, "_build_persistence_save_dict")

    def save() -> None:
        private(persistence, "save_all")(collect())

    doors: dict[tuple[str, str], Callable[[], Any]] = {
        ("GET", "/_local/placeholders"): record.found,
        ("GET", "/_local/services"): services.report,
        ("POST", "/_local/services/start"): services.start,
        ("POST", "/_local/services/restart"): services.restart,
        ("POST", "/_local/save"): save,
    }

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/_local/"):
            if outages.concern(scope):
                await outages.answer(send)
            else:
                await gateway(scope, receive, send)
            return
        door = doors.get((scope["method"], path))
        if path.startswith(MAILS):
            door = partial(_mails_to, path.removeprefix(MAILS))
        if path.startswith(OUTAGES) and scope["method"] in ("PUT", "DELETE"):
            door = partial(outages.switch, scope["method"], path.removeprefix(OUTAGES))
        answer = await asyncio.to_thread(door) if door else {"error": f"no {scope['method']} {path}"}
        body = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if door else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return serve


def _mails_to(address: str) -> list[str]:
    """The texts of the captured mails to one address, oldest first: all mails together grow with every member."""
    kept = private(ses, "_sent_emails").to_dict().values()
    return [
        mail.get("RenderedBodyText") or mail.get("BodyText") or mail.get("BodyHtml") or ""
        for mails in kept
        if isinstance(mails, list)
        for mail in list(mails)
        if address in mail.get("To", [])
    ]
