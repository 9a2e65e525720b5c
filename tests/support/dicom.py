"""DICOM files made by the tests themselves."""

import io
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

WIDTH, HEIGHT = 120, 90


def film(top: int = 4000) -> NDArray[np.uint16]:
    """A smooth 12-bit pattern, HEIGHT × WIDTH, from 0 to `top`."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (top * (0.5 + 0.5 * np.sin(across / 17) * np.cos(down / 11))).astype(np.uint16)


@pydicom.config.disable_value_validation()  # files in the wild do not keep to the standard either
def dataset_of(pixels: NDArray[Any], **elements: Any) -> Dataset:
    """A chest film of these pixels; None removes an element, and `syntax` is the transfer syntax."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = elements.pop("syntax", ExplicitVRLittleEndian)
    dataset.SOPClassUID = elements.pop("SOPClassUID", ComputedRadiographyImageStorage)
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["a", "film"])
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "CR", "CHEST", "PA"
    bits = pixels.dtype.itemsize * 8
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = (3, "RGB") if pixels.ndim == 3 else (1, "MONOCHROME2")
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    for name, value in elements.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    return dataset


def dicom_file(pixels: NDArray[Any] | None = None, **elements: Any) -> bytes:
    """The bytes of `dataset_of`, by default of `film()`."""
    return written(dataset_of(film() if pixels is None else pixels, **elements))


def written(dataset: Dataset) -> bytes:
    """The data set as a file with preamble and file meta information."""
    file = io.BytesIO()
    with pydicom.config.disable_value_validation():
        pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()
