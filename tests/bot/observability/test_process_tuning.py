"""One core for small matrix products unless the environment sets another number; no walk over what a start made."""

import gc
import os
import subprocess
import sys

import pytest

from bot.observability.process_tuning import uncollected

SCRIPT = (
    "from bot.observability.process_tuning import tune_process; tune_process();"
    "import os, numpy as np; np.ones((512, 512)) @ np.eye(512);"
    "print(os.environ['OPENBLAS_NUM_THREADS'], len(os.listdir('/proc/self/task')))"
)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize(("variables", "expected"), [({}, "1 1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2 2")])
def test_small_products_take_one_core_unless_the_environment_says_otherwise(
    variables: dict[str, str], expected: str
) -> None:
    """Purpose: threads that spin beside the network made a classification take twice as long."""
    if variables and (os.cpu_count() or 1) < 2:
        pytest.skip("one core has no second thread to show")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")} | variables
    output = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == expected


def _start(made: list[object]) -> None:
    with uncollected():
        made.append(gc.isenabled())
        raise ValueError("refused")


def test_what_a_start_makes_is_never_walked_and_garbage_is_collected_again_after_it() -> None:
    """Also when it fails; and what is made later is walked as ever."""
    made: list[object] = []
    with pytest.raises(ValueError, match="refused"):
        _start(made)
    later: list[object] = []
    walked = {id(one) for one in gc.get_objects()}
    assert (made, gc.isenabled()) == ([False], True)
    assert (id(made) in walked, id(later) in walked) == (False, True)
