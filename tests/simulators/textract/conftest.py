"""One stand-in a module, with its objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.textract.running import TextractStandIn, object_store, textract_stand_in


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TextractStandIn]:
    objects: dict[str, bytes] = {}
    path = tmp_path_factory.mktemp("textract") / "textract.sqlite"
    with pytest.MonkeyPatch.context() as patch, object_store(objects) as address:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        with textract_stand_in(path, objects) as running:
            yield running


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where documents are read: recognition's threads wait for each other more than they do."""
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
