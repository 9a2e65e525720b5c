"""The process uses one core for small matrix products unless the environment sets another number."""

import os
import subprocess
import sys

import pytest

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
