"""EASE is what it says: each product regressed on all others, and the same whichever way the sums are made."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from loyalty.recommendations.engine import likeness as module
from loyalty.recommendations.engine.likeness import MOST_PRODUCTS, RIDGE_SHARE, likeness


def _taste(members: int = 60, products: int = 9) -> sparse.csr_matrix:
    random = np.random.default_rng(5)
    return sparse.csr_matrix(
        (random.random((members, products)) * (random.random((members, products)) < 0.4)).astype("f4")
    )


def test_each_column_is_the_ridge_regression_of_a_product_on_all_others() -> None:
    taste = _taste()
    found = likeness(taste)
    dense = taste.toarray().astype(np.float64)
    ridge = RIDGE_SHARE * (dense**2).sum() / dense.shape[1]
    for product in range(dense.shape[1]):
        others = np.delete(dense, product, axis=1)
        weights = np.linalg.solve(others.T @ others + ridge * np.eye(others.shape[1]), others.T @ dense[:, product])
        assert found[product, product] == 0
        assert np.delete(found[:, product], product) == pytest.approx(weights, abs=1e-5)


def test_many_and_few_together_are_summed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for cheaper, at_once in ((0, 7), (10**9, 7), (10**9, 10_000)):
        monkeypatch.setattr(module, "_DENSE_IS_CHEAPER", cheaper)
        monkeypatch.setattr(module, "_MEMBERS_AT_ONCE", at_once)
        found.append(likeness(_taste()))
    assert found[1] == pytest.approx(found[0], abs=1e-5)
    assert found[2] == pytest.approx(found[0], abs=1e-5)


def test_no_square_of_too_many_is_ever_begun() -> None:
    with pytest.raises(ValueError, match="5001 products are more than 5000"):
        likeness(sparse.csr_matrix((3, MOST_PRODUCTS + 1), dtype=np.float32))


def test_nothing_is_like_nothing() -> None:
    assert likeness(sparse.csr_matrix((4, 0), dtype=np.float32)).shape == (0, 0)
    assert not likeness(sparse.csr_matrix((4, 3), dtype=np.float32)).any()
