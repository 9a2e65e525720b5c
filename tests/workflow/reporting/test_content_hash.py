"""The content that an administrator confirms: every printed fact is bound, and a new column has to be classified
here.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from models.base import Sessions
from models.tables.accounts import Account
from models.tables.scans import AiFinding, Prescription, Reading, Scan
from models.vocabulary import Sex
from tests.support.rows import NOW, a_scan, a_staff
from workflow.reporting.content_hash import report_hash

LATER = NOW + timedelta(seconds=1)
BOUND: dict[type[Any], dict[str, Any]] = {
    Scan: {
        "complaint": "Cough",
        "since": "Monday",
        "original_file": "another",
        "picture_file": "another",
        "created_at": LATER,
    },
    AiFinding: {
        "model": "another",
        "model_version": "2",
        "model_sha256": "1" * 64,
        "modality": "cardiac_mri",
        "label": "Normal",
        "confidence": 0.91,
        "threshold": 0.99,
        "uncertain": True,
        "doubts": ["far_from_training"],
        "slices": 2,
        "abnormal": 0.5,
        "probabilities": {"Normal": 1.0},
        "heatmap_file": "another",
        "heart": {"phases": "both", "slices": 8, "measures": []},
    },
    Reading: {
        "own_reading": "Pneumonia.",
        "findings": "Clear.",
        "impression": "Nothing.",
        "recommendations": "None.",
        "signed_at": LATER,
        "agrees": False,
        "regions": {"lungs": {"phrases": ["nodule"]}},
        "diagnosis": "viral",
        "band": "urgent",
        "why": "why.missed",
        "compared": [1],
        "override": {"checks": ["band:nodule"], "reason": "override.known"},
        "no_alert": "no_alert.told",
        "difference_seen": True,
        "version": 2,
    },
    Prescription: {
        "lines": ["Something else"],
        "overrides": [{"reason": "Needed."}],
        "read": [{"dosage": {"parts": [1, 0, 0, 1]}}],
        "completed_at": LATER,
        "countersigned_at": LATER,
    },
    Account: {
        "name": "Another Name",
        "email": "another@example.org",
        "sex": Sex.OTHER,
        "date_of_birth": date(1950, 1, 1),
        "birth_estimated": True,
    },
}
FREE: dict[type[Any], set[str]] = {
    # not printed, or fixed by the bound ids and the release itself
    Scan: {
        "id",
        "version",
        "status",
        "patient_id",
        "modality",
        "media_group_id",
        "picture_hash",
        "same_as",
        "stat_at",
        "supersedes_id",
        "analysis_asked_at",
        "released_at",
        "released_by",
        "reason",
        "changed_at",
        "late_notified",
    },
    AiFinding: {"scan_id", "distance", "adjustments", "created_at"},
    Reading: {"scan_id", "doctor_id", "proposed"},  # the lines that are taken over are the prescription's
    Prescription: {
        "scan_id",
        "pharmacist_id",
        "needs_doctor",
        "countersigned_by",
        "reading_version",
    },  # its version is the reading's
    Account: {
        "key_id",
        "id",
        "password_hash",
        "role",
        "language",
        "registration_number",
        "created_at",
        "phone",  # printed, and bound, only where there is no email: see below
        "phone_hash",
        "whatsapp",
        "suspended_at",
        "identity",
        "erasure_asked_at",
        "administrator_since",
        "administrator_by",
        "closed_at",
        "erased_at",
    },
}
PARTS: dict[type[Any], Callable[[Scan], Any]] = {
    Scan: lambda scan: scan,
    AiFinding: lambda scan: scan.finding,
    Reading: lambda scan: scan.reading,
    Prescription: lambda scan: scan.prescription,
    Account: lambda scan: scan.patient,
}


@pytest.mark.parametrize("table", list(BOUND), ids=lambda table: table.__name__)
def test_every_column_is_either_bound_or_free_for_a_reason(table: type[Any]) -> None:
    columns = set(table.__table__.columns.keys())
    assert columns == set(BOUND[table]) | FREE[table]
    assert not set(BOUND[table]) & FREE[table]


async def test_the_telephone_is_bound_where_it_is_printed_in_place_of_the_email(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan_id = (await a_scan(session, staff, "PHARMACIST_COMPLETED")).id
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        scan.patient.email, scan.patient.phone = None, "+919840012345"
        before = report_hash(scan)
        scan.patient.phone = "+919840012346"
        assert report_hash(scan) != before


async def test_any_change_of_what_is_printed_changes_the_fingerprint(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan_id = (await a_scan(session, staff, "PHARMACIST_COMPLETED")).id
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        confirmed = report_hash(scan)
        unbound = []
        for table, changes in BOUND.items():
            part = PARTS[table](scan)
            for name, value in changes.items():
                before = getattr(part, name)
                with session.no_autoflush:
                    setattr(part, name, value)
                    if report_hash(scan) == confirmed:
                        unbound.append(f"{table.__name__}.{name}")
                    setattr(part, name, before)
        assert unbound == []
        assert report_hash(scan) == confirmed


async def test_who_signed_is_bound_by_person_and_registration(sessions: Sessions) -> None:
    async with sessions() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "PHARMACIST_COMPLETED")
        await session.refresh(scan)
        assert scan.reading
        assert scan.prescription
        before = report_hash(scan)
        for signer in (scan.reading.doctor, scan.prescription.pharmacist):
            signer.registration_number = "TN-1"
            after = report_hash(scan)
            assert after != before
            before = after
        other = await a_staff(session)
        for part, column, actor in (
            (scan.reading, "doctor_id", other.doctor),
            (scan.prescription, "pharmacist_id", other.pharmacist),
        ):
            setattr(part, column, actor.account_id)
            await session.flush()
            await session.refresh(part)
            after = report_hash(scan)
            assert after != before
            before = after


async def test_the_fingerprint_is_the_same_in_another_session(sessions: Sessions) -> None:
    """Read back from the database it has the confirmed hash, on both databases."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "PHARMACIST_COMPLETED", complaint="இருமல் ü")
        await session.refresh(scan)
        confirmed, scan_id = report_hash(scan), scan.id
    async with sessions() as session:
        assert report_hash(await session.get_one(Scan, scan_id)) == confirmed
