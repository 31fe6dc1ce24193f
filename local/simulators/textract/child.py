"""Reads one document from stdin and writes what it says to stdout, as JSON; run by `documents`.

Its own process: a hostile PDF may cost this one its life, in bounded time and memory, and nothing else.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

MEMORY_BYTES = 2 * 1024**3
MOST_PAGES = 3_000


def main() -> None:
    """`child SECONDS [one-page]`"""
    seconds = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["OMP_THREAD_LIMIT"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    answer = _read(sys.stdin.buffer.read(), one_page="one-page" in sys.argv[2:])
    sys.stdout.write(json.dumps(answer))


def _read(document: bytes, *, one_page: bool) -> dict[str, Any]:
    from local.simulators.textract.engine import Encrypted, NotADocument, opened, read

    try:
        source = opened(document)
    except Encrypted:
        return {"code": "UnsupportedDocumentException", "message": "The document is protected by a password."}
    except NotADocument:
        return {"code": "UnsupportedDocumentException", "message": "The document's format is not supported."}
    with source:
        if len(source) == 0:
            return {"code": "BadDocumentException", "message": "The document has no pages."}
        if len(source) > (1 if one_page else MOST_PAGES):
            return {"code": "UnsupportedDocumentException", "message": "The document has too many pages."}
        failed: list[int] = []
        documents = read(source, document, failed)
        return {"pages": len(source), "documents": documents, "failed": failed}


if __name__ == "__main__":
    main()
