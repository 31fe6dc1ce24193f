"""Nothing on a laptop speaks TLS; without this each client of httpx would load all roots of the web, for 20 ms."""

from __future__ import annotations

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
