"""A door for mail that keeps what comes: how the host greeted, the envelope, and the mail as it travelled."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Delivery:
    greeting: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass(slots=True)
class Mailbox:
    """`refuse`: so many mails are turned away at the door before one is taken."""

    port: int = 0
    refuse: int = 0
    refused: int = 0
    deliveries: list[Delivery] = field(default_factory=list)

    def take(self, count: int = 1, seconds: float = 5) -> list[Delivery]:
        """Wait for so many, and empty the box."""
        end = time.monotonic() + seconds
        while len(self.deliveries) < count and time.monotonic() < end:
            time.sleep(0.01)
        taken, self.deliveries[:] = list(self.deliveries), []
        assert len(taken) == count, f"{len(taken)} mails came"
        return taken


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    box = Mailbox()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            greeting, sender, recipients = "", "", []
            self.say("220 here")
            while line := self.rfile.readline():
                word, _, rest = line.decode().strip().partition(" ")
                match word.upper():
                    case "EHLO" | "HELO":
                        greeting = rest
                    case "MAIL":
                        sender = rest.partition("<")[2].partition(">")[0]
                    case "RCPT" if box.refuse > 0:
                        box.refuse, box.refused = box.refuse - 1, box.refused + 1
                        self.say("550 no such mailbox")
                        continue
                    case "RCPT":
                        recipients.append(rest.partition("<")[2].partition(">")[0])
                    case "DATA":
                        self.say("354 go on")
                        box.deliveries.append(Delivery(greeting, sender, tuple(recipients), self.data()))
                    case "QUIT":
                        self.say("221 bye")
                        return
                self.say("250 ok")

        def data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield box
        server.shutdown()
