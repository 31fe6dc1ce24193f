"""A stand-in for Amazon Personalize that really learns, a little: JSON 1.1 and REST in, strict, on the turned clock.

    python -m local.simulators.personalize --port 4690 --database .local/personalize.sqlite

Three services at one door, as boto3 speaks them (`AWS_ENDPOINT_URL_PERSONALIZE`, `…_PERSONALIZE_EVENTS`,
`…_PERSONALIZE_RUNTIME`): schemas, dataset groups, datasets, solutions and their versions, campaigns, filters, an event
tracker, jobs of import, of batch recommendations and of deletion; PutEvents; GetRecommendations and
GetPersonalizedRanking. A request is held against the service's own model (unknown, missing, too long, not of the
pattern); files are read from and written to the emulator's S3 (`AWS_ENDPOINT_URL`), and a file that does not have the
schema's columns and types, or too few rows, fails its job with why. It recommends by what is redeemed together and by
popularity: whether choices are good is not learned here, whether everything fits together is. Its file (SQLite, WAL;
times ISO 8601):

    resources  arn, kind, name, parent, status CREATE PENDING|CREATE IN_PROGRESS|ACTIVE|CREATE FAILED (jobs of deletion:
               PENDING|IN_PROGRESS|COMPLETED|FAILED), failure, body (the request), made (what came of it), created_at,
               changed_at
    rows       dataset, row (of a bulk import or an event), item, user, at, live (1: an event)
    requests   sequence, at, operation, arn, status (0: no answer), code (the error's name), fault
    faults     operation, kind, code, times
    settings   pending_seconds, work_seconds (how long a job is each), fewest_interactions, fewest_users, hold_seconds,
               off (true: every call gets 503)

Control plane: GET /_simulator/health · GET, PUT, DELETE /_simulator/faults · GET, PUT /_simulator/settings · GET
/_simulator/resources, /_simulator/rows, /_simulator/requests. Faults, for the next `times` calls of an `operation` (or
`*`): throttle, access_denied, limit, error_500, timeout_before, timeout_after_commit, reset, malformed; and for what a
Create begins: fail (it ends as failed), slow. Of events and of questions that are asked live, what is lost comes as
malformed.
"""

from __future__ import annotations

from local.simulators.personalize.app import create_app

__all__ = ["create_app"]
