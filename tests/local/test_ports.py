"""A taken port is named with who has it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from local.ports import Ports, PortTaken, in_use, owner


def test_a_taken_port_is_named_with_its_part_and_its_owners_process_and_command() -> None:
    ports = Ports.free()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", ports.gateway))
        listener.listen()
        with pytest.raises(PortTaken) as refused:
            ports.require_free()
    message = str(refused.value)
    assert f"{ports.gateway} (gateway)" in message
    assert f"process {os.getpid()}: " in message
    assert Path(sys.executable).name in message
    assert str(ports.database) not in message


def test_free_ports_are_free_and_different() -> None:
    ports = Ports.free()
    ports.require_free()
    assert len(set(ports.named().values())) == len(ports.named())
    assert not in_use(ports.status)


def test_a_port_whose_owner_cannot_be_seen_says_so() -> None:
    assert owner(Ports.free().gateway) == "a process that this user may not see"
