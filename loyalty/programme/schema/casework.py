"""What one person may decide alone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loyalty.programme.schema.kinds import Part


class Casework(Part):
    """Members' cases: how soon they are answered, and what one person may decide alone."""

    answer_hours: Annotated[int, Field(ge=1, le=720)] = 48
    # How long a member has to send goods back.
    return_days: Annotated[int, Field(ge=1, le=365)] = 30
    # Points out of goodwill that one agent may give in a month.
    goodwill_monthly_points: Annotated[int, Field(ge=0, le=10**9)] = 5_000
    # What may be refunded, and credited for a missing purchase, without a second person.
    refund_limit_points: Annotated[int, Field(ge=0, le=10**12)] = 50_000
    refund_limit_minor: Annotated[int, Field(ge=0, le=10**12)] = 20_000
    accrual_limit_points: Annotated[int, Field(ge=0, le=10**12)] = 5_000
