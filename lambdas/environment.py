"""What the web doors and triggers find in their environment, read once: a missing variable fails at the first call."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True, slots=True)
class Environment:
    """`program_by_client` names the programme of each app client; `member_authority` and `member_client_id` are
    the main programme's sign-in (OpenID Connect), `staff_…` its staff's. What a function does not use may be empty."""

    program_by_client: Mapping[str, int] = field(default_factory=dict)
    partner_by_client: Mapping[str, str] = field(default_factory=dict)
    cors_origins: tuple[str, ...] = ()
    mail_from: str = ""
    member_authority: str = ""
    member_client_id: str = ""
    staff_authority: str = ""
    staff_client_id: str = ""
    manager_origin: str = ""
    staff_pool_id: str = ""
    portal_origin: str = ""
    # How long a browser may show the catalogue's shared pages without asking again.
    shelf_seconds: int = 0

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> Environment:
        """Parse the variables. Raises ValueError where one is not what it should be."""
        return cls(
            program_by_client={
                client: int(program) for client, program in json.loads(variables.get("PROGRAM_BY_CLIENT", "{}")).items()
            },
            partner_by_client=json.loads(variables.get("PARTNER_BY_CLIENT", "{}")),
            cors_origins=tuple(filter(None, variables.get("CORS_ORIGIN", "").replace(" ", "").split(","))),
            mail_from=variables.get("MAIL_FROM", ""),
            member_authority=variables.get("MEMBER_AUTHORITY", ""),
            member_client_id=variables.get("MEMBER_CLIENT_ID", ""),
            staff_authority=variables.get("STAFF_AUTHORITY", ""),
            staff_client_id=variables.get("STAFF_CLIENT_ID", ""),
            manager_origin=variables.get("MANAGER_ORIGIN", ""),
            staff_pool_id=variables.get("STAFF_POOL_ID", ""),
            portal_origin=variables.get("PORTAL_ORIGIN", ""),
            shelf_seconds=int(variables.get("SHELF_SECONDS", "0")),
        )


@cache
def environment() -> Environment:
    """The process's environment; tests that change it call `environment.cache_clear()`."""
    return Environment.read()
