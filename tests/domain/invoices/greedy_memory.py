"""Wants more memory than there is."""


def confined(given: bytes) -> bytes:
    """Takes until nothing is left."""
    return b"".join(bytes(64 << 20) for _ in range(64))
