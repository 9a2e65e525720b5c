"""Audit rows as FHIR R4 AuditEvent resources (https://hl7.org/fhir/R4/auditevent.html)."""

from datetime import UTC
from typing import Any, Final

from models.tables.audit import AuditRow

DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
SYSTEM: Final = "urn:csss"
EVENT_TYPES: Final = {  # first part of the act → DICOM audit event (PS3.16, CID 400) and FHIR action
    "look": ("110103", "DICOM Instances Accessed", "R"),
    "deliver": ("110106", "Export", "R"),
    "export": ("110106", "Export", "R"),
    "sign_in": ("110114", "User Authentication", "E"),
    "sign_out": ("110114", "User Authentication", "E"),
    "upload": ("110107", "Import", "C"),
    "trespass": ("110113", "Security Alert", "E"),
}
DEFAULT_TYPE: Final = ("110110", "Patient Record", "U")


def audit_event(row: AuditRow) -> dict[str, Any]:
    """One row as an AuditEvent. People are local identifiers, the patient a pseudonym."""
    code, display, action = EVENT_TYPES.get(row.act.partition(":")[0], DEFAULT_TYPE)
    who = {"identifier": {"system": f"{SYSTEM}:account", "value": str(row.actor_id or row.role)}}
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"audit-{row.seq}",
        "type": {"system": DICOM, "code": code, "display": display},
        "subtype": [{"system": f"{SYSTEM}:act", "code": row.act}],
        "action": action,
        "recorded": row.at.astimezone(UTC).isoformat(),
        "outcome": "0" if row.outcome == "ok" else "4",
        "agent": [{"type": {"text": row.role}, "who": who, "requestor": row.role != "system"}],
        "source": {"site": row.source, "observer": {"display": "CSSS"}},
        "entity": [_entity(f"{row.object_kind}/{row.object_id}", "2", "System Object")],
    }
    if row.reason:
        event["outcomeDesc"] = row.reason
    if row.patient:
        event["entity"].append(_entity(f"patient/{row.patient}", "1", "Person"))
    return event


def _entity(value: str, code: str, display: str) -> dict[str, Any]:
    what = {"identifier": {"system": SYSTEM, "value": value}}
    return {"what": what, "type": {"system": ENTITY, "code": code, "display": display}}
