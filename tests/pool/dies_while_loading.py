"""A module that kills the process that imports it, a fork server, as often as DEATHS_OF_TESTS (FOLDER:TIMES) says."""

import os
import signal
from pathlib import Path

if "DEATHS_OF_TESTS" in os.environ:
    folder, _, times = os.environ["DEATHS_OF_TESTS"].rpartition(":")
    marks = list(Path(folder).glob("death-*"))
    if len(marks) < int(times):
        (Path(folder) / f"death-{len(marks)}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
