"""One stand-in a module, with its objects and the warehouse's schema."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analytics.warehouse import statements
from tests.simulators.redshift.running import RedshiftStandIn, redshift_stand_in
from tests.simulators.textract.running import object_store


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedshiftStandIn]:
    objects: dict[str, bytes] = {}
    folder = tmp_path_factory.mktemp("redshift")
    with pytest.MonkeyPatch.context() as patch, object_store(objects) as address:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        with redshift_stand_in(folder, objects) as running:
            for part in statements.batches(statements.bootstrap()):
                assert running.ran(*part)["Status"] == "FINISHED"
            yield running
