"""Pictures at their full depth: what a viewer needs to set the window itself."""

from collections.abc import Iterator

import numpy as np
import pytest

from inference.errors import Reason, Refused
from inference.full_depth import TOP, open_full_depth
from inference.upload.decoder import DecoderPool
from tests.support.dicom import HEIGHT, WIDTH, dicom_file, film


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool() as opened:
        yield opened


def test_a_film_of_12_bits_keeps_every_value_behind_the_walls(pool: DecoderPool) -> None:
    deep = pool.decode_full_depth(dicom_file())
    assert deep.values.shape == (HEIGHT, WIDTH)
    assert deep.values.dtype == np.uint16
    assert len(np.unique(deep.values)) == len(np.unique(film()))
    assert (deep.values.min(), deep.values.max()) == (0, TOP)
    order = np.argsort(film(), axis=None)
    assert (np.diff(deep.values.ravel()[order].astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("elements", "window"),
    [
        ({"WindowCenter": 2000, "WindowWidth": 1000}, (1500, 2500)),
        ({"WindowCenter": 2000, "WindowWidth": 1000, "RescaleSlope": 2, "RescaleIntercept": -100}, (800, 1300)),
        ({"WindowCenter": 2000, "WindowWidth": 0}, None),  # a void one: percentiles
        ({"WindowCenter": 90_000, "WindowWidth": 10}, None),  # beside all values
        ({}, None),
    ],
)
def test_the_files_own_window_is_kept_in_the_films_range(
    elements: dict[str, float], window: tuple[float, float] | None
) -> None:
    stored = film().astype(float)
    low, high = window or np.percentile(stored, (0.5, 99.5))
    expected = [(edge - stored.min()) * TOP / (stored.max() - stored.min()) for edge in (low, high)]
    assert open_full_depth(dicom_file(**elements)).window == pytest.approx(expected, abs=2)


def test_monochrome1_is_turned_round_with_its_window() -> None:
    plain, turned = (
        open_full_depth(dicom_file(PhotometricInterpretation=kind, WindowCenter=1000, WindowWidth=500))
        for kind in ("MONOCHROME2", "MONOCHROME1")
    )
    np.testing.assert_allclose(turned.values.astype(int), TOP - plain.values.astype(int), atol=1)
    assert turned.window == pytest.approx((TOP - plain.window[1], TOP - plain.window[0]), abs=1)


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, False)),
        ({"ImagerPixelSpacing": [0.14, 0.14]}, (0.14, True)),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.3, 0.3]}, (0.2, False)),
        ({"PixelSpacing": [0, 0]}, (None, False)),
        ({}, (None, False)),
    ],
)
def test_millimetres_are_known_only_where_the_file_knows_them(
    elements: dict[str, list[float]], spacing: tuple[float | None, bool]
) -> None:
    deep = open_full_depth(dicom_file(**elements))
    assert (deep.spacing, deep.at_detector) == spacing


def test_a_photo_has_eight_bits_and_pixels_of_another_shape_become_square(picture: bytes) -> None:
    photo = open_full_depth(picture)
    assert photo.values.dtype == np.uint8
    assert photo.window == (0, 255)
    assert photo.spacing is None
    stretched = open_full_depth(dicom_file(PixelSpacing=[0.4, 0.2]))
    assert stretched.values.shape == (2 * HEIGHT, WIDTH)
    assert stretched.spacing == 0.2


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", dicom_file()[:-500]])
def test_what_no_upload_may_be_is_refused(pool: DecoderPool, data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        pool.decode_full_depth(data)
    assert refused.value.reason in {Reason.EMPTY, Reason.PDF, Reason.CORRUPT}
