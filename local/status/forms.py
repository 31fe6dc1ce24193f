"""What the status pages' forms send."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


async def form(request: Request) -> dict[str, str]:
    """The fields of a plain form; the pages have no other."""
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


def from_another_page(request: Request) -> Response | None:
    """A site open in the same browser must not change anything here."""
    origin = request.headers.get("origin")
    if origin and origin != f"{request.url.scheme}://{request.headers.get('host')}":
        return PlainTextResponse("only from this page\n", 403)
    return None
