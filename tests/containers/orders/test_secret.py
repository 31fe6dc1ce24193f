"""The orders service is wired with its secret once, so another secret ends it: it is started again with that one."""

from __future__ import annotations

from containers.orders.__main__ import SECRET_SECONDS, until_replaced


def test_a_replaced_secret_ends_the_service_and_the_same_one_does_not() -> None:
    read = ["old", "new"]
    stopped: list[bool] = []
    watch = until_replaced("old", lambda: read.pop(0), lambda: stopped.append(True))
    assert watch.step() == SECRET_SECONDS
    assert stopped == []
    watch.step()
    assert stopped == [True]
