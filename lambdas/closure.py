"""Every hour: accounts whose thirty days are over lose their points, then their sign-in, then what says who they were.

Each step is small, is done again where it was interrupted, and one account's trouble is not another's.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, metrics, observed
from loyalty import aws
from loyalty.database import database
from loyalty.members import closure

BUDGET_SECONDS = 40.0


@observed
def handler(event: Any, context: Any) -> dict[str, int]:
    """How much of each was done."""
    connection = database().connection()
    done = closure.finish_due(connection, _remove_sign_in, log_failure, BUDGET_SECONDS)
    overdue = closure.overdue(connection)
    metrics.add_metric("ClosuresFailed", MetricUnit.Count, done.failed)
    metrics.add_metric("ClosuresOverdue", MetricUnit.Count, overdue)
    told = {name: getattr(done, name) for name in done.__slots__} | {"overdue": overdue}
    logger.info("closures", extra={"done": told})
    return told


def _remove_sign_in(subject: str) -> None:
    """The pool's members sign in by e-mail, so a user's name is the subject of its tokens."""
    cognito = _cognito()
    try:
        cognito.admin_delete_user(UserPoolId=os.environ["MEMBER_POOL_ID"], Username=subject)
    except cognito.exceptions.UserNotFoundException:
        logger.info("the sign-in is gone already")


@cache
def _cognito() -> Any:
    return aws.client("cognito-idp", read_seconds=10)
