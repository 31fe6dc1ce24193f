"""Which products go together: EASE (Steck 2019), one ridge regression of each product on all others, solved at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

# Time grows with the third power of it, memory with the second: 5,000 products are 100 MB and about 4 s.
MOST_PRODUCTS = 5_000
# Of the mean of the diagonal. Chosen on a month of Complete Journey that the figures reported do not see.
RIDGE_SHARE = 3.0
_LEAST_RIDGE = 1.0
# A multiplication of a dense product costs so much less than one of a sparse product.
_DENSE_IS_CHEAPER = 1_000
_MEMBERS_AT_ONCE = 2_048


def likeness(weights: sparse.csr_matrix, ridge_share: float = RIDGE_SHARE) -> NDArray[np.float32]:
    """`B` [n, n] with a diagonal of zeros: `weights @ B` scores each member's products; row i says what i speaks for.

    `weights` [members, n], float32, ≥ 0. Finite whatever it holds. Raises ValueError above MOST_PRODUCTS products.
    """
    n = weights.shape[1]
    if n > MOST_PRODUCTS:
        raise ValueError(f"{n} products are more than {MOST_PRODUCTS}")
    if n == 0:
        return np.zeros((0, 0), np.float32)
    gram = _gram(weights)
    ridge = max(ridge_share * float(gram.diagonal().mean()), _LEAST_RIDGE)
    diagonal = np.diag_indices(n)
    for _ in range(4):
        tried = gram.copy(order="F")
        tried[diagonal] += ridge
        factor, failed = linalg.lapack.spotrf(tried, lower=1, overwrite_a=1)
        if not failed:
            inverse, failed = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
        if not failed and np.isfinite(inverse).all():
            # The upper half is zeros: LAPACK clears and never fills it.
            of_itself = inverse.diagonal().copy()
            whole: NDArray[np.float32] = inverse + inverse.T
            whole /= -of_itself
            whole[diagonal] = 0
            return np.ascontiguousarray(whole)
        # Single precision was not enough for products that always go together.
        ridge *= 10
    return np.zeros((n, n), np.float32)


def _gram(weights: sparse.csr_matrix) -> NDArray[np.float32]:
    """weightsᵀ weights; its lower half is right, which is all that is read."""
    members, n = weights.shape
    steps = float((np.diff(weights.indptr).astype(np.float64) ** 2).sum())
    if steps * _DENSE_IS_CHEAPER < float(members) * n * n:
        return np.asfortranarray((weights.T @ weights).toarray().astype(np.float32))
    gram = np.zeros((n, n), np.float32, order="F")
    for start in range(0, members, _MEMBERS_AT_ONCE):
        block = np.asfortranarray(weights[start : start + _MEMBERS_AT_ONCE].toarray())
        gram = linalg.blas.ssyrk(1.0, block, beta=1.0, c=gram, trans=1, lower=1, overwrite_c=1)
    return gram
