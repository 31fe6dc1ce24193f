"""One stand-in a module, with a bucket of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.personalize.running import PersonalizeStandIn, bucket, personalize_stand_in


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PersonalizeStandIn]:
    path = tmp_path_factory.mktemp("personalize") / "personalize.sqlite"
    objects: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patch, bucket(objects) as address:
        patch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        for name, value in (
            ("AWS_ENDPOINT_URL", address),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        with personalize_stand_in(path, objects) as running:
            running.settings(pending_seconds=0.01, work_seconds=0.01)
            yield running
