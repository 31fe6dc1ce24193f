"""A processing job: inputs and outputs are folders below /opt/ml/processing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.simulators.sagemaker import objects
from local.simulators.sagemaker.jobs import arn
from local.simulators.sagemaker.working import Failed, Job

ENTRY_POINT = ["python", "-m", "containers.forecast"]


def process(job: Job) -> dict[str, Any]:
    """Its ExitMessage, if it has one."""
    asked = job.asked
    specification = asked["AppSpecification"]
    entry_point = specification.get("ContainerEntrypoint", ENTRY_POINT)
    if entry_point != ENTRY_POINT:
        raise Failed(f"ClientError: this stand-in runs {' '.join(ENTRY_POINT)} only")
    for one in asked.get("ProcessingInputs", []):
        objects.fetch(one["S3Input"]["S3Uri"], _folder(job.root, one["S3Input"]["LocalPath"]))
    outputs = asked.get("ProcessingOutputConfig", {}).get("Outputs", [])
    for one in outputs:
        _folder(job.root, one["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    for folder in ("config", "output"):
        (job.root / folder).mkdir(parents=True, exist_ok=True)
    (job.root / "config" / "processingjobconfig.json").write_text(json.dumps(asked))
    (job.root / "config" / "resourceconfig.json").write_text(
        json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]})
    )
    environment = {
        "PROCESSING_JOB_NAME": job.name,
        "PROCESSING_JOB_ARN": arn("processing-job", job.name),
        **asked.get("Environment", {}),
    }
    code, _ = job.ran(specification.get("ContainerArguments", []), environment)
    message = job.own_words("output/message") or None
    if code:
        raise Failed(f"AlgorithmError: See job logs for more information, exit code: {code}", message)
    for one in outputs:
        objects.put_files(_folder(job.root, one["S3Output"]["LocalPath"]), one["S3Output"]["S3Uri"])
    return {"message": message}


def _folder(root: Path, told: str) -> Path:
    """Where a LocalPath is here."""
    path = Path(told)
    if not path.is_relative_to("/opt/ml/processing") or ".." in path.parts:
        raise Failed(f"ClientError: LocalPath {told} must be below /opt/ml/processing")
    return root / path.relative_to("/opt/ml")
