"""Would tell somebody else."""

import socket


def confined(given: bytes) -> bytes:
    """Calls out."""
    socket.create_connection(("127.0.0.1", 9), timeout=1)
    return b"told"
