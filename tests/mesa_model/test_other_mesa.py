"""The same contract on another version of Mesa, such as the pre-release of the next one.

pip install --pre --no-deps --target /tmp/mesa4 mesa==4.0.0a0
OTHER_MESA=/tmp/mesa4 python -m pytest tests/mesa_model/test_other_mesa.py
"""

import os
import subprocess
import sys
from pathlib import Path

import mesa
import pytest

OTHER = os.environ.get("OTHER_MESA", "")


@pytest.mark.skipif(not OTHER, reason="OTHER_MESA names no folder with another version of Mesa")
@pytest.mark.parametrize("file", ["test_model.py", "test_agents.py", "test_agent_set.py", "test_classes.py"])
def test_the_contract_holds_there_too(file: str) -> None:
    path = os.pathsep.join([OTHER, *filter(None, [os.environ.get("PYTHONPATH", "")])])
    asked = [sys.executable, "-c", "import mesa; print(mesa.__version__)"]
    version = subprocess.check_output(asked, env=os.environ | {"PYTHONPATH": path}, text=True)
    assert version.strip() != mesa.__version__
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", str(Path(__file__).with_name(file))],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": path, "OTHER_MESA": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
