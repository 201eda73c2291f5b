"""Another processor, imitated: the same patients come out, but for what rounding makes of a few (docs/scale.md).

Kernels are compiled without vector extensions and fused multiply-add, NumPy computes without them, and the C library takes its
exponentials and logarithms from the code for processors that lack them, whose last bits differ.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
TRIAL = ("compare", "scenarios/therapeutic.yaml", "scenarios/preemptive.yaml", "--patients", "24", "--days", "120", "--fast",
         "--workers", "0", "--no-figures", "--quiet", "--out")  # fmt: skip
AS_IT_IS = "import sys\nfrom simulation.cli import main\nsys.exit(main(sys.argv[1:]))"
FEATURES = "from numpy._core import _multiarray_umath as m; print(*(f for f in m.__cpu_dispatch__ if m.__cpu_features__[f]))"
MASKED = "import numba\nassert numba.config.CPU_NAME == 'generic'\n" + AS_IT_IS


def python(code: str, *words: str, **more: str) -> str:
    known = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment = known | {"PYTHONPATH": str(ROOT)} | more
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_processor_without_extensions_gives_the_same_patients(tmp_path: Path) -> None:
    """Twelve outcomes or so, each four standard errors of 48 paired differences: a false alarm in a thousand."""
    mask = {
        "NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "",
        "NPY_DISABLE_CPU_FEATURES": python(FEATURES).strip(),
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX2_Usable,-FMA_Usable",
    }  # fmt: skip
    python(AS_IT_IS, *TRIAL, str(tmp_path / "here"))
    python(MASKED, *TRIAL, str(tmp_path / "there"), **mask)
    here, there = (pd.read_csv(tmp_path / name / "patients.csv") for name in ("here", "there"))
    assert list(here) == list(there) and here[["patient", "arm"]].equals(there[["patient", "arm"]])
    assert here["treatment_start_day"].notna().any() and here["relapse_day"].notna().any()
    numbers = here.select_dtypes("number").columns
    apart = {}
    for name in numbers:
        one, other = here[name].to_numpy(float), there[name].to_numpy(float)
        difference = np.where(np.isclose(one, other, rtol=1e-9, atol=0, equal_nan=True), 0.0, one - other)
        both = difference[~np.isnan(difference)]
        assert len(both) >= 0.9 * len(difference), f"{name}: happens on one of them only"
        if both.any():
            apart[name] = (
                int(np.count_nonzero(both)),
                abs(both.mean()) / (both.std(ddof=1) / len(both) ** 0.5),
            )
    same = int((here == there).where(here.notna() | there.notna(), True).all(axis=1).sum())
    print(f"{same} of {len(here)} patient-arms are the same in every digit; apart: {apart}")
    assert all(z < 4 for _, z in apart.values()), apart
