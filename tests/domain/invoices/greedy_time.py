"""Never comes to an end."""


def confined(given: bytes) -> bytes:
    """Runs until it is stopped."""
    while True:
        pass
