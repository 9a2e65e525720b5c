"""The part of a walk over all pairs of inputs and places that every run makes."""

from collections.abc import Sequence
from typing import Final, TypeVar

import pytest

T = TypeVar("T")
STRIDE: Final = 3


def part(inputs: Sequence[T], place: int, config: pytest.Config) -> Sequence[T]:
    """Every third input, at each place in turn another third, so that neighbours share all of them.

    `--thorough` gives all inputs to all places."""
    return inputs if config.getoption("thorough") else inputs[place % STRIDE :: STRIDE]
