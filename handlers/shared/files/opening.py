"""Access to the files of a scan: its scope, its record, and the patient's key."""

from handlers.ui.callbacks import OnCard
from models.crypto.keys import DataKey
from models.tables.accounts import load_patient_key
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork


async def open_files(pressed: OnCard, actor: Actor, uow: UnitOfWork) -> tuple[Scan, DataKey]:
    """The scan of a pressed card, and the key of its files; the opening is audited as the button's action.

    Raises NotFound."""
    async with uow.begin() as session:
        scan = await queries.scan_for(session, pressed.scan_id, actor, Permission.SEE_HISTORY)
        await chain.record_read(session, actor, scan, pressed.action, uow.at)
        return scan, await load_patient_key(session, scan.patient_id)
