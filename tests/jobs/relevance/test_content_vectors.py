import numpy as np

from jobs.relevance.content_vectors import with_images


def test_an_item_with_a_picture_has_a_row_of_its_own_and_others_share_that_of_their_text() -> None:
    text = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    item_ids, row = np.array(["a", "b", "c"]), np.array([0, 0, 1])
    pictured, images = np.array(["b", "unknown"]), np.array([[3.0, 4.0, 0.0], [1.0, 1.0, 1.0]])
    vectors, rows = with_images(text, row, item_ids, pictured, images)
    np.testing.assert_allclose(
        vectors,
        [
            [1, 0, 0, 0, 0],
            [0, 1, 0, 0, 0],
            [1, 0, 0.6, 0.8, 0],  # the text of a and b, and the picture of b at unit length
        ],
        atol=1e-7,
    )
    assert rows.tolist() == [0, 2, 1]
    assert row.tolist() == [0, 0, 1]
