"""What the back room's forms send, and whether it was the back room that sent it."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

# By these names a browser on this machine knows it; any other name that leads here is a trick.
HOSTS = ["localhost", "127.0.0.1"]


class Refused(Exception):
    """What a form asked for was not done; the message is a sentence that says why."""


async def form(request: Request) -> dict[str, str]:
    """The fields of a plain form; the pages have no other."""
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


def from_another_page(request: Request) -> Response | None:
    """A site open in the same browser must not change anything here: 403 for what it sends."""
    origin = request.headers.get("origin")
    ours = f"{request.url.scheme}://{request.headers.get('host')}"
    if (origin and origin != ours) or request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return PlainTextResponse("Only from this page.\n", 403)
    return None
