"""Reads and stores a patient's files in the vault, encrypted with that patient's data key, outside the event loop."""

import asyncio

from bot.services import Services
from models.base import read_only
from models.crypto.keys import DataKey
from models.crypto.vault import Content
from models.tables.accounts import load_patient_key


async def read_file(services: Services, patient_id: int, name: str, content: Content) -> bytes:
    """The decrypted file. Raises Erased when the patient's data key was destroyed."""
    return await asyncio.to_thread(services.vault.get, name, await _data_key(services, patient_id), content)


async def store_file(services: Services, patient_id: int, data: bytes, content: Content) -> str:
    """Encrypt and store a file. Returns its name in the vault."""
    return await asyncio.to_thread(services.vault.put, data, await _data_key(services, patient_id), content)


async def _data_key(services: Services, patient_id: int) -> DataKey:
    async with read_only(services.sessions) as session:
        return await load_patient_key(session, patient_id)
