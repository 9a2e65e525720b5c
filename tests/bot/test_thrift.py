"""The process asks for one core in small matrix products, unless whoever runs it asked for something else."""

import os
import subprocess
import sys

import pytest

TELL = (
    "from bot.observability.process_tuning import be_thrifty; be_thrifty();"
    "import os, numpy as np; np.ones((512, 512)) @ np.eye(512);"
    "print(os.environ['OPENBLAS_NUM_THREADS'], len(os.listdir('/proc/self/task')))"
)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize(("asked", "told"), [({}, "1 1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2 2")])
def test_small_products_take_one_core_unless_the_environment_says_otherwise(asked: dict[str, str], told: str) -> None:
    """Purpose: threads that spin beside the network made a reading take twice as long."""
    if asked and (os.cpu_count() or 1) < 2:
        pytest.skip("one core has no second thread to show")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")} | asked
    said = subprocess.run([sys.executable, "-c", TELL], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == told
