"""A clinic for tests that send hundreds of texts."""

import pytest

from tests.support.people import Clinic
from tests.support.text_forms import send_without_limits


@pytest.fixture
async def unlimited(clinic: Clinic) -> Clinic:
    """A clinic that sends as fast as it can: one chat gets hundreds of answers here."""
    send_without_limits(clinic)
    return clinic
