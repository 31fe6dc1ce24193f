"""`make token EMAIL=…`: an access token of one of the local cloud's people, got on the pool's own sign-in page."""

from __future__ import annotations

import sys

from local import joining
from local.connected import STATE, Connected, NotRunning
from local.people import STAFF


def main(email: str) -> int:
    """Print the token; 1 with a reason if the cloud does not run or refuses."""
    try:
        cloud = Connected.to(STATE)
        sign_in = joining.staff_token if email in {person.email for person in STAFF} else joining.member_token
        print(sign_in(cloud, email))
    except (NotRunning, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else "ada@members.example"))
