import pytest

from faq.answer import Faq, load


@pytest.fixture(scope="session")
def faq() -> Faq:
    return load()
