"""Where SageMaker puts what a job reads, and looks for what it leaves."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and files below /opt/ml."""

    root: Path

    @classmethod
    def of_environment(cls) -> Places:
        return cls(Path(os.environ.get("OPT_ML", "/opt/ml")))

    @property
    def model(self) -> Path:
        """Training leaves its model here, serving finds it."""
        return self.root / "model"

    @property
    def results(self) -> Path:
        """What training leaves beside the model."""
        return self.root / "output" / "data"

    @property
    def failure(self) -> Path:
        """Why a training job failed, for DescribeTrainingJob."""
        return self.root / "output" / "failure"

    @property
    def message(self) -> Path:
        """What a processing job says at its end, for DescribeProcessingJob."""
        return self.root / "output" / "message"

    def channel(self, name: str) -> Path:
        """A training job's input."""
        return self.root / "input" / "data" / name

    def processing(self, name: str) -> Path:
        """An input or output of a processing job."""
        return self.root / "processing" / name

    def hyperparameters(self) -> dict[str, str]:
        """Text by text; none where the job has none."""
        path = self.root / "input" / "config" / "hyperparameters.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}
