"""Links from item to item learned from ordered histories, each bounded to the strongest k of an item.

A matrix of links has a row for each known item, which a shopper may have met, and a column for each of `columns`, the
items that may follow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from model.retrieval.histories import Histories

_ROWS_AT_ONCE = 2048


def strongest(matrix: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """float32: the k entries of each row that are largest in size; of equal ones those of the lowest columns."""
    matrix = matrix.tocsr()
    matrix.sort_indices()
    matrix.eliminate_zeros()
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    keep = np.diff(matrix.indptr)[row] <= k
    place = np.flatnonzero(~keep)
    order = place[np.lexsort((-np.abs(matrix.data[place]), row[place]))]
    keep[order[_rank_in_row(row[order]) < k]] = True
    return sparse.csr_matrix(
        (matrix.data[keep].astype(np.float32), (row[keep], matrix.indices[keep])), shape=matrix.shape
    )


def _rank_in_row(row: np.ndarray) -> np.ndarray:
    place = np.arange(len(row))
    first = np.append(True, row[1:] != row[:-1])[: len(row)]
    return place - np.maximum.accumulate(np.where(first, place, 0))


def transitions(histories: Histories, columns: np.ndarray, gaps: int, k: int, back: bool = False) -> sparse.csr_matrix:
    """[m, n]: how often the item of the row came before that of the column (`back`: after it), at most `gaps` apart.

    A pair g places apart counts 1 / g; the sum is divided by the root of the product of both items' shoppers.
    """
    row, item = histories.row, histories.item
    counts = sparse.csr_matrix((histories.items, histories.items), dtype=np.float32)
    for gap in range(1, gaps + 1):
        same = row[gap:] == row[:-gap]
        before, after = item[:-gap][same], item[gap:][same]
        weight = np.full(len(before), 1.0 / gap, dtype=np.float32)
        counts = counts + sparse.csr_matrix((weight, (before, after)), shape=counts.shape)
    scale = sparse.diags(1.0 / np.sqrt(np.maximum(histories.counts(), 1.0)))
    scaled = (scale @ (counts.T if back else counts) @ scale).tocsr()
    return strongest(scaled[:, columns], k)


def cosines(histories: Histories, columns: np.ndarray, k: int) -> sparse.csr_matrix:
    """[m, n] cosine of the items' shoppers.

    Each is weighted 1 / log(2 + number of items), so that those who buy everything count little.
    """
    weight = 1.0 / np.log(2.0 + np.diff(histories.start))
    matrix = histories.matrix(np.sqrt(weight))
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
    return nearest_rows((sparse.diags(1.0 / np.maximum(norm, 1e-9)) @ matrix.T.tocsr()).tocsr(), columns, k)


def nearest_rows(unit: sparse.csr_matrix, columns: np.ndarray, k: int, with_own: bool = False) -> sparse.csr_matrix:
    """[m, n] the k largest cosines of each of m unit rows with the rows `columns` [n], its own only if asked for."""
    turned, blocks = unit[columns].T.tocsr(), []
    for rows in _blocks(unit.shape[0]):
        block = (unit[rows] @ turned).tocoo()
        other = np.full(block.nnz, True) if with_own else block.row + rows.start != columns[block.col]
        cosine = sparse.csr_matrix((block.data[other], (block.row[other], block.col[other])), shape=block.shape)
        blocks.append(strongest(cosine, k))
    return sparse.vstack(blocks, format="csr")


def ease(
    histories: Histories, columns: np.ndarray, regularisation: float, most_items: int, k: int
) -> sparse.csr_matrix:
    """[m, n] weights of the linear autoencoder EASE (Steck 2019): B = I - P / diag(P), P = (X'X + regularisation I)^-1.

    Only the `most_items` with the most shoppers take part, of ties those of the lowest rows: the inverse costs
    most_items³ operations and 8 most_items² bytes. The others have no links.

    In double precision, rounded to millionths: the last bits of an inverse depend on the number of threads, and with
    them which of two nearly equal links is among the strongest.
    """
    chosen = np.sort(np.argsort(-histories.counts(), kind="stable")[:most_items])
    matrix = histories.matrix()[:, chosen]
    gram = np.asarray((matrix.T @ matrix).todense(), dtype=np.float64, order="F")
    gram[np.diag_indices(len(chosen))] += regularisation
    weights = _inverse(gram)
    weights /= -np.diag(weights).copy()
    np.fill_diagonal(weights, 0.0)
    np.round(weights, 6, out=weights)
    place = np.full(histories.items, -1)
    place[columns] = np.arange(len(columns))
    wanted = np.flatnonzero(place[chosen] >= 0)
    small = sparse.vstack([_densest(weights[rows][:, wanted], k) for rows in _blocks(len(chosen))]).tocoo()
    return sparse.csr_matrix(
        (small.data, (chosen[small.row], place[chosen[wanted]][small.col])), shape=(histories.items, len(columns))
    )


def nearest_texts(text: np.ndarray, text_row: np.ndarray, k: int) -> sparse.csr_matrix:
    """[m, m] cosines of the k nearest items by text, itself not counted; negative ones are left out.

    `text` [t, d] unit vectors, `text_row` [m] the row of each item.
    """
    vectors = np.asarray(text, dtype=np.float32)[text_row]
    return nearest_vectors(vectors, np.arange(len(vectors)), k)


def nearest_vectors(vectors: np.ndarray, columns: np.ndarray, k: int) -> sparse.csr_matrix:
    """[p, c] cosines of the k nearest of the rows `columns` [c] to each of p unit vectors [p, d], itself not counted.

    Negative ones are left out.
    """
    target, blocks = vectors[columns], []
    for rows in _blocks(len(vectors)):
        cosine = vectors[rows] @ target.T
        own = np.flatnonzero((columns >= rows.start) & (columns < rows.stop))
        cosine[columns[own] - rows.start, own] = 0.0
        blocks.append(_densest(np.maximum(cosine, 0.0), k))
    return sparse.vstack(blocks, format="csr")


def with_itself(links: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows that sum to 1 over an item itself, at weight 1, and its links [m, m]."""
    full = (links + sparse.identity(links.shape[0], dtype=np.float32, format="csr")).tocsr()
    return (sparse.diags(1.0 / np.asarray(full.sum(axis=1)).ravel()) @ full).tocsr().astype(np.float32)


def _densest(dense: np.ndarray, k: int) -> sparse.csr_matrix:
    """`strongest` of a dense block, most of whose entries are dropped before the sort."""
    size = np.abs(dense)
    if 0 < k < dense.shape[1]:
        dense = np.where(size >= np.partition(size, -k, axis=1)[:, -k][:, None], dense, 0.0)
    return strongest(sparse.csr_matrix(dense), k)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Of a symmetric positive definite matrix, by Cholesky, in its memory."""
    factor, failed = lapack.dpotrf(matrix, lower=True, overwrite_a=True)
    if failed:
        raise ValueError("The Gram matrix of EASE is not positive definite. Raise its regularisation.")
    inverse, _ = lapack.dpotri(factor, lower=True, overwrite_c=True)
    for rows in _blocks(len(inverse)):  # only the lower triangle is filled
        inverse[rows, rows.stop :] = inverse[rows.stop :, rows].T
        square = inverse[rows, rows]
        inverse[rows, rows] = np.tril(square) + np.tril(square, -1).T
    return inverse


def _blocks(length: int) -> Iterator[slice]:
    for start in range(0, length, _ROWS_AT_ONCE):
        yield slice(start, min(start + _ROWS_AT_ONCE, length))
