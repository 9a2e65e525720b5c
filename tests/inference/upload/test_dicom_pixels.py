"""DICOM pixels become the grey that a viewer shows: windows, tables, padding, bit depths, colour and pixel shapes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from inference.errors import Reason, Refused
from inference.upload.open import open_picture
from inference.upload.picture import Adjustment
from tests.support.dicom import HEIGHT, WIDTH, dataset_of, dicom_file, film, written

WINDOW = {"WindowCenter": 2000, "WindowWidth": 4000}


def grey(pixels: NDArray[Any] | None = None, **elements: Any) -> NDArray[np.int16]:
    return open_picture(dicom_file(pixels, **elements)).grey.astype(np.int16)


def likeness(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


BY_PERCENTILES: dict[str, dict[str, Any]] = {
    "no width": {"WindowCenter": 0, "WindowWidth": 0},
    "a negative width": {"WindowCenter": 2000, "WindowWidth": -400},
    "an empty width": {"WindowCenter": 2000, "WindowWidth": ""},
    "a window beside all values": {"WindowCenter": 30000, "WindowWidth": 200},
    "an empty slope and intercept": {"RescaleSlope": "", "RescaleIntercept": ""},
    "a void modality LUT": {"ModalityLUTSequence": Sequence([Dataset()])},
    "a void VOI LUT": {"VOILUTSequence": Sequence([Dataset()])},
    "an empty VOI LUT": {"VOILUTSequence": Sequence([])},
}


@pytest.mark.parametrize("elements", BY_PERCENTILES.values(), ids=BY_PERCENTILES)
def test_a_void_element_is_no_damage(elements: dict[str, Any]) -> None:
    """Purpose: such files were refused as damaged, or came out blank; viewers open them by their values."""
    assert np.array_equal(grey(**elements), grey())


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
def test_a_window_is_shown_as_it_is(function: str) -> None:
    """Purpose: a wide window leaves the picture flat on purpose; it is not stretched again."""
    shown = grey(WindowCenter=4000, WindowWidth=8000, VOILUTFunction=function)
    assert np.abs(shown - film() * (255 / 8000)).max() <= 1
    assert shown.max() <= 128


def test_a_sigmoid_window_follows_its_curve() -> None:
    """Purpose: PS3.3 C.11.2.1.3.1."""
    shown = grey(**WINDOW, VOILUTFunction="SIGMOID")
    assert np.abs(shown - 255 / (1 + np.exp(-4 * (film() - 2000.0) / 4000))).max() <= 1


def test_the_first_of_several_windows_counts() -> None:
    """Purpose: further ones are alternatives of the viewer."""
    assert np.array_equal(grey(WindowCenter=[2000, 9], WindowWidth=[4000, 3]), grey(**WINDOW))


def test_slope_and_intercept_come_before_the_window() -> None:
    """Purpose: a window is given in rescaled values; an intercept alone counts too."""
    assert np.array_equal(
        grey(RescaleSlope=2, RescaleIntercept=-100, WindowCenter=3900, WindowWidth=8000),
        grey(WindowCenter=2000.25, WindowWidth=4000.5),
    )
    assert np.array_equal(grey(RescaleIntercept=-1000, WindowCenter=1000, WindowWidth=4000), grey(**WINDOW))


def test_a_voi_table_is_shown_as_it_is() -> None:
    """Purpose: its entries are the grey values, scaled by their bits alone."""
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [4096, 0, 12], (np.arange(4096) // 2).astype("<u2").tobytes()
    shown = grey(VOILUTSequence=Sequence([table]))
    assert np.abs(shown - film() // 2 * (255 / 4095)).max() <= 1


@pytest.mark.parametrize("padding", [65535, 0])
@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_leaves_the_contrast_to_the_film(padding: int, kind: str) -> None:
    """Purpose: half a picture of padding made the film nearly black or white."""
    pixels = film() + np.uint16(1000)
    pixels[:, :60] = padding
    shown = grey(pixels, PixelPaddingValue=padding, PhotometricInterpretation=kind)
    assert shown[:, :60].max() == 0
    assert (shown[:, 60:].min(), shown[:, 60:].max()) == (0, 255)
    assert abs(likeness(shown[:, 60:], film()[:, 60:])) > 0.99


def test_a_range_of_padding_and_a_signed_value_are_understood() -> None:
    """Purpose: -2000 is often written as 63536, and a range has a limit."""
    pixels = film().astype(np.int16)
    pixels[:, :60] = -2000
    pixels[:, :30] = -1990
    dataset = dataset_of(pixels, PixelPaddingRangeLimit=-1990)
    dataset.add_new("PixelPaddingValue", "US", 63536)
    shown = open_picture(written(dataset)).grey
    assert shown[:, :60].max() == 0
    assert shown[:, 60:].max() == 255


def test_bits_stored_high_are_shifted_down() -> None:
    """Purpose: 12 bits in the upper bits of 16 showed their lowest bits, which is noise."""
    high = (film() << 4) | 0x7  # what lies below them is not theirs
    assert np.array_equal(grey(high, BitsStored=12, HighBit=15, **WINDOW), grey(**WINDOW))


def test_an_overlay_above_the_stored_bits_is_not_shown() -> None:
    """Purpose: old files draw annotations into the unused upper bits."""
    drawn = film()
    drawn[::2] |= 0x8000
    assert np.array_equal(grey(drawn, BitsStored=12, HighBit=11, **WINDOW), grey(**WINDOW))


@pytest.mark.parametrize("bits", ["u1", "u2", "u4"])
def test_colour_of_any_depth_is_scaled(bits: str) -> None:
    """Purpose: 16 and 32 bits were cut to their lowest eight, which is noise."""
    top = np.iinfo(bits).max
    pixels = np.repeat((film() / 4000 * top).astype(f"<{bits}")[..., np.newaxis], 3, axis=2)
    assert likeness(grey(pixels), film()) > 0.99


def test_a_palette_is_looked_up() -> None:
    """Purpose: a palette of grey was refused as made for printing presses."""
    tables = {
        name: value
        for colour in ("Red", "Green", "Blue")
        for name, value in (
            (f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16]),
            (f"{colour}PaletteColorLookupTableData", (np.arange(255, -1, -1) * 257).astype("<u2").tobytes()),
        )
    }
    indices = (film() // 16).astype(np.uint8)
    assert likeness(grey(indices, PhotometricInterpretation="PALETTE COLOR", **tables), film()) < -0.99


@pytest.mark.parametrize(
    ("elements", "shape"),
    [
        ({"PixelAspectRatio": [2, 1]}, (2 * HEIGHT, WIDTH)),
        ({"PixelAspectRatio": [1, 2]}, (HEIGHT, 2 * WIDTH)),
        ({"PixelSpacing": [0.3, 0.2]}, (HEIGHT * 3 // 2, WIDTH)),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, (HEIGHT, WIDTH)),
        ({"PixelSpacing": [0, 0]}, (HEIGHT, WIDTH)),
        ({"PixelSpacing": [90, 0.1]}, (HEIGHT, WIDTH)),
        ({"PixelSpacing": ""}, (HEIGHT, WIDTH)),
    ],
)
def test_pixels_that_are_not_square_are_stretched(elements: dict[str, Any], shape: tuple[int, int]) -> None:
    """Purpose: a chest squashed to half its height; an impossible ratio is an error and left alone."""
    picture = open_picture(dicom_file(**elements))
    assert picture.grey.shape == shape
    assert picture.size == (WIDTH, HEIGHT)


def test_a_stretch_beyond_the_limits_is_refused() -> None:
    """Purpose: the largest side counts after the stretch."""
    with pytest.raises(Refused) as caught:
        grey(np.zeros((4000, 64), np.uint8), PixelAspectRatio=[4, 1])
    assert caught.value.reason is Reason.TOO_MANY_PIXELS


def test_more_than_eight_bits_are_named_as_rescaled() -> None:
    """Purpose: the doctor's card says what was done to the picture."""
    assert open_picture(dicom_file()).adjustments == (Adjustment.RESCALED,)
    assert open_picture(dicom_file(PhotometricInterpretation="MONOCHROME1")).adjustments == (
        Adjustment.INVERTED,
        Adjustment.RESCALED,
    )
