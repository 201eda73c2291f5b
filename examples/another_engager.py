"""Add a drug of your own, an engager against CD22, and hold it against blinatumomab + DLI.

A product is one file (anti_cd22/anti_cd22.py) and its rows of the parameter table (anti_cd22/rows.yaml). They are put into a copy
of the program, and the trial of anti_cd22/trial.yaml is run there; the program itself stays as it is. Its rules are compiled
anew, which takes a minute or two.

Run it from the project's folder:  python examples/another_engager.py
To keep the drug, put both into simulation/ yourself: docs/extending.md.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import simulation

HERE = Path(__file__).resolve().parent
MINE = HERE / "anti_cd22"
SMALL = (
    "--patients",
    "6",
    "--days",
    "300",
    "--set",
    "marrow.rows=3",
    "--set",
    "marrow.columns=3",
    "--set",
    "time_step=1 d",
)


def copy_with_it(folder: Path) -> Path:
    """Return a folder with the program, the drug, and the scenarios and examples that the trial names."""
    program = folder / "simulation"
    shutil.copytree(Path(simulation.__file__).parent, program, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(MINE / "anti_cd22.py", program / "products")
    table = program / "data" / "parameters.yaml"
    text = table.read_text(encoding="utf-8")
    at = text.index("  volume_blinatumomab:\n")
    table.write_text(
        text[:at] + (MINE / "rows.yaml").read_text(encoding="utf-8") + text[at:], encoding="utf-8"
    )
    shutil.copytree(HERE.parent / "scenarios", folder / "scenarios")
    shutil.copytree(MINE, folder / "examples" / "anti_cd22")
    return folder


def main(settings: Sequence[str] = SMALL) -> None:
    """Run the trial in the copy and print its table; without settings as the trial's file says."""
    with tempfile.TemporaryDirectory() as place:
        folder = copy_with_it(Path(place))
        code = "import sys; from simulation.cli import main; sys.exit(main(sys.argv[1:]))"
        words = ["compare", "examples/anti_cd22/trial.yaml", "--workers", "0", "--out", "out", *settings]
        done = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        print(done.stdout.replace(f"{folder}/", ""))


if __name__ == "__main__":
    main()
