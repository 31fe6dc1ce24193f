"""One stand-in a module, with its bucket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.buckets import buckets
from tests.simulators.sagemaker.running import BUCKET, SageMakerStandIn, sagemaker_stand_in


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SageMakerStandIn]:
    objects = {f"{BUCKET}/panel/a.zip": b"abc", f"{BUCKET}/panel/deep/b.zip": b"def", f"{BUCKET}/in/plan.json": b"{}"}
    with pytest.MonkeyPatch.context() as patch, buckets(objects) as address:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        path = tmp_path_factory.mktemp("sagemaker") / "sagemaker.sqlite"
        with sagemaker_stand_in(path, objects) as running:
            yield running
