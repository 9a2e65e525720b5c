"""A DICOM file's own words decide: what is no chest film or cardiac MRI is refused before its pixels are asked."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydicom.uid import EncapsulatedPDFStorage, EnhancedSRStorage, MediaStorageDirectoryStorage, RTPlanStorage

from inference.errors import Reason, Refused
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from inference.upload.open import open_picture
from inference.upload.picture import Format, Picture
from models.vocabulary import Modality
from tests.support.dicom import dicom_file


def reason_for(**elements: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        open_picture(dicom_file(**elements))
    return caught.value.reason


@pytest.mark.parametrize("modality", ["CT", "US", "NM", "PT", "MG", "XA", "SM", "ct"])
@pytest.mark.parametrize("part", ["", "CHEST", "HEART"])
def test_another_kind_of_scan_is_refused_by_its_modality(modality: str, part: str) -> None:
    """Purpose: CT and ultrasound were taken for hearts by their pixels."""
    assert reason_for(Modality=modality, BodyPartExamined=part) is Reason.OTHER_MODALITY


@pytest.mark.parametrize("modality", ["CR", "MR", "CT", "OT"])
@pytest.mark.parametrize("part", ["ANKLE", "SHOULDER", "LIVER", "HEAD", "Extremity", "C_SPINE"])
def test_another_part_of_the_body_is_refused_by_name(modality: str, part: str) -> None:
    """Purpose: a shoulder's or a liver's MR was taken for a heart."""
    assert reason_for(Modality=modality, BodyPartExamined=part) is Reason.WRONG_BODY_PART


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL"])
def test_a_lateral_view_is_refused_by_name(view: str) -> None:
    """Purpose: only frontal films are read."""
    assert reason_for(ViewPosition=view) is Reason.LATERAL


@pytest.mark.parametrize(
    ("modality", "part", "declared"),
    [
        ("CR", "CHEST", Modality.CHEST_XRAY),
        ("DX", "", Modality.CHEST_XRAY),
        ("DX", "RIBS", Modality.CHEST_XRAY),
        ("MR", "HEART", Modality.CARDIAC_MRI),
        ("MR", "CHEST", Modality.CARDIAC_MRI),
        ("MR", "Herz", Modality.CARDIAC_MRI),
        ("OT", "CHEST", None),
        ("", "", None),
    ],
)
def test_words_that_fit_are_carried_with_the_picture(modality: str, part: str, declared: Modality | None) -> None:
    """Purpose: a word in another language or a secondary capture leaves the question to the pixels."""
    data = dicom_file(Modality=modality, BodyPartExamined=part)
    assert open_picture(data).declared is declared
    with DecoderPool() as decoder:
        assert decoder.decode(data).declared is declared


def test_a_chest_by_its_pixels_is_not_read_where_the_file_says_heart(
    classifier: Classifier, radiograph: Picture
) -> None:
    """Purpose: the file's words are believed against the pixels' guess, and a contradiction gets no label."""
    assert radiograph.declared is Modality.CHEST_XRAY
    contradicted = Picture(radiograph.grey, Format.DICOM, declared=Modality.CARDIAC_MRI)
    assert classifier.check(Picture(radiograph.grey, Format.DICOM)) is Modality.CHEST_XRAY
    with pytest.raises(Refused) as caught:
        classifier.check(contradicted)
    assert caught.value.reason is Reason.NOT_A_SCAN


def test_a_pale_window_is_shown_as_it_is_and_read_at_full_contrast(classifier: Classifier, radiograph: Picture) -> None:
    """Purpose: a film in its own wide window was refused with advice for photographs: step away from the lamp."""
    pale = replace(radiograph, grey=(radiograph.grey // 3 + 160).astype(np.uint8))
    accepted = classifier.run_gate(pale)
    assert np.abs(accepted.picture.shown.astype(int) - pale.grey).max() <= 1
    assert accepted.forward.distance == pytest.approx(classifier.run_gate(radiograph).forward.distance, abs=0.01)
    with pytest.raises(Refused) as caught:
        classifier.run_gate(replace(pale, format=Format.JPEG))
    assert caught.value.reason is Reason.TOO_BRIGHT


@pytest.mark.parametrize(
    ("sop_class", "reason"),
    [
        (EnhancedSRStorage, Reason.DICOM_REPORT),
        (EncapsulatedPDFStorage, Reason.DICOM_DOCUMENT),
        (MediaStorageDirectoryStorage, Reason.DICOMDIR),
        (RTPlanStorage, Reason.DICOM_NO_PICTURE),
    ],
)
def test_a_file_without_pixels_is_named_as_what_it_is(sop_class: str, reason: Reason) -> None:
    """Purpose: "this is not a picture, please send DICOM" sends the patient wrong."""
    assert reason_for(SOPClassUID=sop_class, Modality="SR", PixelData=None) is reason


def test_the_pixels_of_a_refused_file_are_never_decoded() -> None:
    """Purpose: the words are read first, so that damage in the pixels does not hide them."""
    assert reason_for(pixels=np.zeros((70, 70), np.uint8), Modality="CT", PixelData=b"few") is Reason.OTHER_MODALITY
