"""Keys that browsers make: version 7, in the order of their time, and never twice."""

from __future__ import annotations

from uuid import UUID

from tests.web import node

PROGRAM = "return told.map((at) => module.uuid7(at))"


def test_a_key_is_a_version_7_uuid_of_the_time_it_was_made() -> None:
    instants = [0, 1, 2**32 - 1, 2**32, 1_795_000_000_123, 2**48 - 1]
    for instant, text in zip(instants, node.run("shared/uuid7.ts", PROGRAM, instants), strict=True):
        key = UUID(text)
        assert (str(key), key.version, key.variant) == (text, 7, "specified in RFC 4122")
        assert key.int >> 80 == instant


def test_no_two_keys_of_the_same_moment_are_the_same() -> None:
    keys = node.run("shared/uuid7.ts", PROGRAM, [1_795_000_000_123] * 5_000)
    assert len(set(keys)) == 5_000
