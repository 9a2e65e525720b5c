"""The subject of a DICOM file by its own attributes, before its pixels (DICOM PS3.3 C.7.3.1.1.1, PS3.16 Annex L)."""

from typing import TYPE_CHECKING, Final

from inference.errors import Reason, Refused
from models.vocabulary import Modality

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

RADIOGRAPHS: Final = frozenset({"CR", "DX", "RG"})
MAGNETIC_RESONANCE: Final = "MR"
OTHER_MODALITIES: Final = frozenset(
    {
        *("AR", "BDUS", "BI", "BMD", "CD", "CFM", "CT", "CTPROTOCOL", "DG", "DMS", "DS", "EC", "ECG", "EEG", "EMG"),
        *("EOG", "EPS", "ES", "FA", "FS", "GM", "HD", "IO", "IVOCT", "IVUS", "KER", "LEN", "LP", "LS", "MA", "MG"),
        *("MS", "NM", "OAM", "OCT", "OP", "OPM", "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "POS", "PT", "PX", "RESP"),
        *("RF", "RTIMAGE", "SM", "SRF", "ST", "TG", "US", "VA", "VF", "XA"),
    }
)
OTHER_PARTS: Final = (  # the beginnings of PS3.16 Annex L's terms for the rest of the body
    *("ABD", "ANKLE", "ANUS", "ARM", "BLADDER", "BRAIN", "BREAST", "BUTTOCK", "CALCANEUS", "CALF", "CEREB", "CERVI"),
    *("COCCYX", "COLON", "CSPINE", "CTSPINE", "DUODENUM", "EAR", "ELBOW", "ESOPHAGUS", "EXTREMITY", "EYE", "FACE"),
    *("FEMUR", "FINGER", "FOOT", "FOREARM", "GALLBLADDER", "HAND", "HEAD", "HEEL", "HIP", "HUMERUS", "IAC", "ILEUM"),
    *("ILIUM", "JAW", "JEJUNUM", "KIDNEY", "KNEE", "KUB", "LARYNX", "LEG", "LIVER", "LSPINE", "LSSPINE", "LUMBAR"),
    *("MANDIBLE", "MAXILLA", "NECK", "NOSE", "ORBIT", "OVARY", "PANCREAS", "PATELLA", "PELVI", "PENIS", "PHARYNX"),
    *("PROSTATE", "RECTUM", "SACRUM", "SCROTUM", "SHOULDER", "SINUS", "SKULL", "SPINE", "SPLEEN", "SSPINE", "STOMACH"),
    *("TESTIS", "THIGH", "THUMB", "THYROID", "TIBIA", "TLSPINE", "TMJ", "TOE", "TSPINE", "UTERUS", "VAGINA", "WRIST"),
    *("ZYGOMA", "PHANTOM"),
)
LATERAL_VIEWS: Final = frozenset({"LL", "RL", "LAT", "LATERAL"})


def read_subject(dataset: "Dataset") -> Modality | None:
    """The kind of scan that Modality declares; None where it leaves it open, as for secondary captures.

    Raises Refused: WRONG_BODY_PART, OTHER_MODALITY for CT, ultrasound and others, LATERAL.
    """
    modality, part = _word(dataset, "Modality"), _word(dataset, "BodyPartExamined")
    if part.startswith(OTHER_PARTS):
        raise Refused(Reason.WRONG_BODY_PART)
    if modality in OTHER_MODALITIES:
        raise Refused(Reason.OTHER_MODALITY)
    if modality == MAGNETIC_RESONANCE:
        return Modality.CARDIAC_MRI
    if modality not in RADIOGRAPHS:
        return None
    if _word(dataset, "ViewPosition") in LATERAL_VIEWS:
        raise Refused(Reason.LATERAL)
    return Modality.CHEST_XRAY


def refuse_without_pixels(dataset: "Dataset") -> None:
    """Raises Refused with what the file is, unless it has pixels."""
    if "PixelData" in dataset:
        return
    sop_class = str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    reasons = (reason for prefix, reason in DOCUMENTS.items() if sop_class.startswith(prefix))
    raise Refused(next(reasons, Reason.DICOM_NO_PICTURE))


DOCUMENTS: Final = {  # the beginnings of SOP class UIDs
    "1.2.840.10008.1.3.10": Reason.DICOMDIR,
    "1.2.840.10008.5.1.4.1.1.88.": Reason.DICOM_REPORT,  # structured reports
    "1.2.840.10008.5.1.4.1.1.104.": Reason.DICOM_DOCUMENT,  # encapsulated PDF, CDA and models for printing
}


def _word(dataset: "Dataset", name: str) -> str:
    """A code string in capitals, without blanks and underscores; empty where absent."""
    return "".join(character for character in str(dataset.get(name) or "").upper() if character.isalnum())
