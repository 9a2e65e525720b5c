"""A patient's files, sealed and opened with that patient's key, away from the event loop."""

import asyncio

from bot.services import Clinic
from models.base import looking
from models.crypto.keys import Secret
from models.crypto.vault import Content
from models.tables.people import patient_key


async def fetch(clinic: Clinic, patient_id: int, name: str, content: Content) -> bytes:
    """Raises Erased when the patient was forgotten."""
    return await asyncio.to_thread(clinic.vault.get, name, await _secret(clinic, patient_id), content)


async def keep(clinic: Clinic, patient_id: int, data: bytes, content: Content) -> str:
    return await asyncio.to_thread(clinic.vault.put, data, await _secret(clinic, patient_id), content)


async def _secret(clinic: Clinic, patient_id: int) -> Secret:
    async with looking(clinic.sessions) as session:
        return await patient_key(session, patient_id)
