"""A stand-in for SageMaker that really runs our image's entry point: JSON 1.1 in and out, strict, on the turned clock.

    python -m local.simulators.sagemaker --port 4680 --database .local/sagemaker.sqlite

Training, processing and transform jobs (Create…, Describe…, Stop…, List…), models, model packages and their groups,
and tags, as boto3 speaks them (`AWS_ENDPOINT_URL_SAGEMAKER`). Requests are checked by the SDK's own description of the
service; members that this stand-in does not do are refused by name. A job is a process with /opt/ml in a folder of its
own (`OPT_ML`), its inputs copied from the local cloud's S3 (`AWS_ENDPOINT_URL`) and its outputs copied there at the
end, as SageMaker does; every image is taken for ours (containers/forecast). Logs lie beside the file, in logs/.
Its file (SQLite, WAL; times ISO 8601):

    jobs       kind training|processing|transform, name, status InProgress|Stopping|Stopped|Completed|Failed, secondary
               (training's finer status), reason, message, asked (the request), metrics, artefact, fault, created_at,
               started_at, changed_at, ended_at
    models     name, asked, created_at
    groups     name, asked, created_at; one that was deployed without us is made with its first package
    packages   group_name, version, approval, asked, created_at, changed_at
    tags       arn, key, value
    requests   sequence, at, operation, name, status (0: no answer), code (the error's name), fault
    faults     operation, kind, code, times
    settings   start_seconds (how long a job is starting), slow_seconds, hold_seconds, stop_seconds (from SIGTERM to
               SIGKILL), ping_seconds (how long a container has to answer /ping), page_size, entry_point (arguments of
               Python: what runs in place of the image), off (true: every call gets 503)

Control plane: GET /_simulator/health · GET, PUT, DELETE /_simulator/faults · GET, PUT /_simulator/settings · GET
/_simulator/jobs, /_simulator/models, /_simulator/packages, /_simulator/requests. Faults, for the next `times` calls of
an `operation` (or `*`): throttle, limit, access_denied, error_500, timeout_before, timeout_after_commit, reset,
malformed; and for the job that a Create starts: fail_job, kill_job (its process dies), time_out, slow.
"""

from __future__ import annotations

from local.simulators.sagemaker.app import create_app

__all__ = ["create_app"]
