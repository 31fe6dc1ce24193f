"""What the service has, by kind: how an operation names it, what it belongs to, how many of it there may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`word`: in operations (CreateDatasetGroup), its first letter small in answers. `part`: of its ARN. `name`,
    `parent`: the request's fields. `most`: of one parent (an account's, where there is none)."""

    word: str
    part: str
    name: str = "name"
    parent: str | None = None
    most: int = 1_000
    ends: str = "ACTIVE"

    @property
    def field(self) -> str:
        """Of an answer: the whole; with Arn behind it, its name."""
        return self.word[0].lower() + self.word[1:]


ALL = (
    Kind("Schema", "schema", most=500),
    Kind("DatasetGroup", "dataset-group", most=20),
    Kind("Dataset", "dataset", parent="datasetGroupArn", most=5),
    Kind("Solution", "solution", parent="datasetGroupArn", most=20),
    Kind("SolutionVersion", "solution", parent="solutionArn"),
    Kind("Campaign", "campaign", parent="solutionVersionArn", most=5),
    Kind("Filter", "filter", parent="datasetGroupArn", most=10),
    Kind("EventTracker", "event-tracker", parent="datasetGroupArn", most=1),
    Kind("DatasetImportJob", "dataset-import-job", name="jobName", parent="datasetArn"),
    Kind("BatchInferenceJob", "batch-inference-job", name="jobName", parent="solutionVersionArn"),
    Kind("DataDeletionJob", "data-deletion-job", name="jobName", parent="datasetGroupArn", ends="COMPLETED"),
)
BY_WORD = {kind.word: kind for kind in ALL}
LISTED = ("EventTracker", "SolutionVersion")
OPERATIONS = (
    *(f"{verb}{kind.word}" for kind in ALL for verb in ("Create", "Describe")),
    *(f"List{word}s" for word in LISTED),
    "UpdateCampaign",
)
