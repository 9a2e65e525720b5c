"""Sample reports with fictional people and a drawn picture, for previews, tests and benchmarks."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from numpy.typing import NDArray

from models.vocabulary import Band, Language, Modality, ReportStatus, Risk, Sex
from reports.content.document import (
    AiSection,
    AmendmentSection,
    Attestation,
    Document,
    Hospital,
    Indication,
    Medicine,
    Patient,
    PrescriptionSection,
    Stamp,
    Summary,
    Technique,
)
from reports.content.reading import CriticalResultSection, EarlierScan, Opinion, ReadingSection, Region, RegionFinding

SIDE: Final = 768
ZONE: Final = ZoneInfo("Asia/Kolkata")
LIKELY: Final = (
    ("COVID", 0.041),
    ("Lung_Opacity", 0.827),
    ("NIH_MERGED", 0.072),
    ("Normal", 0.038),
    ("Sick", 0.002),
    ("Viral_Pneumonia", 0.020),
)
DOUBTFUL: Final = (
    ("COVID", 0.112),
    ("Lung_Opacity", 0.463),
    ("NIH_MERGED", 0.207),
    ("Normal", 0.171),
    ("Sick", 0.004),
    ("Viral_Pneumonia", 0.043),
)


def sample(now: datetime, language: Language = Language.ENGLISH, uncertain: bool = False) -> Document:
    """A complete report with the common fields, marked SAMPLE in its picture, number and hospital."""
    return Document(
        hospital=_hospital(),
        number="SAMPLE-2026-0007",
        patient=Patient(
            name="Amina Sundaram",
            number="P-000123",
            born=date(1978, 3, 12),
            sex=Sex.FEMALE,
            contact="amina@example.org",
        ),
        indication=Indication(symptoms="Cough with fever", since="five days", referrer="Dr Leela Menon"),
        technique=_technique(now),
        scan=draw_scan(),
        assistance=_assistance(uncertain),
        reading=_reading(),
        prescription=_prescription(),
        doctor=Attestation(name="Dr Kavya Rao", at=now - timedelta(minutes=40), registration="TNMC 48211"),
        pharmacist=Attestation(name="Joseph Mathew", at=now - timedelta(minutes=18), registration="PH 20417"),
        administrator=Attestation(name="Nandini Krishnan", at=now),
        issued_at=now,
        zone=ZONE,
        language=language,
    )


def full_sample(now: datetime, language: Language = Language.ENGLISH, uncertain: bool = False) -> Document:
    """As `sample` with every optional part: amendment, summary, regions, comparison and critical result."""
    return replace(
        sample(now, language, uncertain),
        version=2,
        status=ReportStatus.AMENDED,
        amendment=AmendmentSection(replaces=1, reason="The side was mixed up: the opacity lies on the right."),
        reading=_full_reading(now),
        summary=_summary(),
        stamp=Stamp(verify_url="https://hospital.example/verify/sample-token-of-a-hundred-bits"),
    )


def _hospital() -> Hospital:
    return Hospital(
        name="Sample District Hospital",
        address="12 Example Road, Madurai 625001",
        contact="+91 452 000 0000 · scans@hospital.example",
    )


def _technique(now: datetime) -> Technique:
    return Technique(
        modality=Modality.CHEST_XRAY,
        description="Single frontal view, digital picture sent by the patient",
        quality="Good: in focus, whole chest in view",
        received_at=now - timedelta(hours=2),
        size=(SIDE, SIDE),
    )


def _assistance(uncertain: bool) -> AiSection:
    return AiSection(
        model="MobileNetV2",
        version="sample",
        sha256="0" * 64,
        probabilities=DOUBTFUL if uncertain else LIKELY,
        label="Lung_Opacity",
        confidence=0.463 if uncertain else 0.827,
        risk=None if uncertain else Risk.HIGH,
        heatmap=draw_heatmap(),
    )


def _reading() -> ReadingSection:
    return ReadingSection(
        findings="Ill-defined opacity in the right lower zone with air bronchograms. Left lung clear.\n"
        "No pleural effusion, no pneumothorax. Heart size normal (cardiothoracic ratio about 0.48). "
        "No bony lesion seen.",
        impression="Right lower zone consolidation, most likely bacterial pneumonia.",
        recommendations="Clinical review within 48 hours. Repeat chest X-ray in six weeks to confirm clearing.",
    )


def _full_reading(now: datetime) -> ReadingSection:
    return replace(
        _reading(),
        findings=None,
        regions=(
            RegionFinding(region=Region.LUNGS, text="Ill-defined opacity in the right lower zone. Left lung clear."),
            RegionFinding(region=Region.PLEURA),
            RegionFinding(region=Region.HEART_MEDIASTINUM),
            RegionFinding(region=Region.BONES),
            RegionFinding(region=Region.DEVICES, text="None seen."),
        ),
        comparison=(EarlierScan(on=date(2026, 3, 2), modality=Modality.CHEST_XRAY, impression="No active disease."),),
        opinion=Opinion(agrees=True, reason="The warm area is where the opacity lies."),
        critical=CriticalResultSection(
            finding="Large consolidation, and the family reports fast breathing.",
            told="Dr Leela Menon",
            told_at=now - timedelta(minutes=30),
            acknowledged_at=now - timedelta(minutes=25),
        ),
    )


def _summary() -> Summary:
    return Summary(
        band=Band.SEE_DOCTOR,
        text="Your chest X-ray shows an infection low in your right lung. It can be treated with tablets.",
        steps=("Start the tablets today and finish them all.", "See your doctor within two days."),
    )


def _prescription() -> PrescriptionSection:
    return PrescriptionSection(
        lines=(
            Medicine(
                drug="Amoxicillin", dose="500 mg", route="by mouth", frequency="three times a day", duration="7 days"
            ),
            Medicine(
                drug="Paracetamol",
                dose="650 mg",
                route="by mouth",
                frequency="when needed, at most four a day",
                duration="3 days",
            ),
        ),
        note="Drink plenty of water. Come back at once if breathing becomes hard.",
    )


def draw_scan() -> bytes:
    """JPEG of a drawn picture that resembles a chest X-ray, with the word SAMPLE."""
    film = _film()
    cv2.putText(film, "SAMPLE", (SIDE // 2 - 190, SIDE - 40), cv2.FONT_HERSHEY_SIMPLEX, 3.2, (225,), 5, cv2.LINE_AA)
    return _jpeg(film)


def draw_heatmap() -> bytes:
    """JPEG of the drawn picture with a heat spot, similar to the classifier's overlays."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    heat = np.exp(-((columns - 270) ** 2 + (rows - 500) ** 2) / (2 * 80.0**2))
    colours = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_CIVIDIS).astype(np.float64)
    film = cv2.cvtColor(_film(), cv2.COLOR_GRAY2BGR).astype(np.float64)
    weight = (0.15 + 0.4 * heat)[..., np.newaxis]
    return _jpeg((film * (1 - weight) + colours * weight).astype(np.uint8))


def _film() -> NDArray[np.uint8]:
    film = np.full((SIDE, SIDE), 18, np.uint8)
    cv2.ellipse(film, (384, 430), (330, 400), 0, 0, 360, (120,), -1)
    for centre in (250, 520):
        cv2.ellipse(film, (centre, 400), (110, 250), 0, 0, 360, (52,), -1)
    cv2.ellipse(film, (430, 520), (120, 130), 20, 0, 360, (165,), -1)
    cv2.rectangle(film, (364, 60), (404, 740), (150,), -1)
    for row in range(180, 640, 62):
        for centre, tilt in ((250, -12), (520, 12)):
            cv2.ellipse(film, (centre, row + 40), (125, 46), tilt, 190, 350, (96,), 7, cv2.LINE_AA)
    cv2.ellipse(film, (270, 500), (60, 70), 0, 0, 360, (112,), -1)
    soft = cv2.GaussianBlur(film, (0, 0), 9).astype(np.float64)
    grain = np.random.default_rng(7).normal(0, 3, film.shape)
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 87])
    if not done:
        raise ValueError("the sample picture could not be encoded")
    return data.tobytes()
