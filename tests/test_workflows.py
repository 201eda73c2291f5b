"""The Snakemake and the Nextflow example do what they say: parts of a sweep, joined, and one report.

Neither tool is needed here: the command lines of their rules are run in the order in which the rules depend on one another.
SNAKEMAKE names an executable, with which the real thing is run as well (`.ci/more workflows`). Nextflow is on none of the
registries that the tests may use, so that nobody has run main.nf by it: what it would run is what is tested, and that it is
Groovy, the language Nextflow's own is written in, by a parser beside that executable.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.cli import main

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = ROOT / "examples" / "cluster"
SNAKEMAKE = os.environ.get("SNAKEMAKE", "")
JOBS = 2
SWEEP = f"""\
name: Small
scenario: {ROOT / "scenarios" / "preemptive.yaml"}
set: {{follow_up: 20 d, time_step: 1 d, marrow: {{rows: 3, columns: 3}}, marrow_maps: []}}
parameters:
  rate_blast_net_growth: {{values: [0.05 /day, 0.1 /day]}}
design: {{kind: grid}}
replicates: 2
seed: 1
outcomes: [relapse_free_days]
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)
    return file


def of_the_snakefile(sweep: Path, out: Path) -> Iterator[str]:
    """Yield the command lines of the rules `part`, for every part, and `report`."""
    text = (CLUSTER / "Snakefile").read_text(encoding="utf-8")
    settings = re.findall(r"^([A-Z]+ = .*config\.get.*)$", text, re.MULTILINE)
    known = {"config": {"sweep": str(sweep), "out": str(out), "jobs": str(JOBS)}}
    exec("\n".join(settings), known)
    rules = {}
    for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]:
        if (shell := re.search(r"^    shell:\n +(.+)$", block, re.MULTILINE)) is not None:
            rules[block.partition(":")[0]] = shell[1]
    assert list(rules) == ["part", "report"]
    wanted = re.search(r"expand\(f\"(.+?)\", part=(.+?)\),", text)
    entries = re.search(r"touch\(f\"(.+?)\"\)", text)
    assert wanted is not None and entries is not None and wanted[1] == entries[1], (
        "the report waits for every part"
    )
    for part in eval(wanted[2], known):
        line = eval(rules["part"], known)
        yield line.replace("{wildcards.part}", str(part)).replace("{threads}", "1")
    yield eval(rules["report"], known).replace("{threads}", "1")


def of_nextflow(sweep: Path, out: Path) -> Iterator[str]:
    """Yield the command lines of the processes PART, for every part, and REPORT."""
    text = (CLUSTER / "main.nf").read_text(encoding="utf-8")
    scripts = dict(re.findall(r"^process (\w+) \{.*?\"{3}\n(.*?)\"{3}", text, re.MULTILINE | re.DOTALL))
    assert list(scripts) == ["PART", "REPORT"]
    assert "REPORT(PART(Channel.of(1..params.jobs)).collect())" in text, "the report waits for every part"
    program = re.search(r"^params\.program = '(.+)'$", text, re.MULTILINE)
    assert program is not None
    known = {"params.program": program[1], "params.sweep": str(sweep), "params.out": str(out),
             "params.jobs": str(JOBS), "task.cpus": "1"}  # fmt: skip
    for process, parts in (("PART", range(1, JOBS + 1)), ("REPORT", range(1))):
        for part in parts:
            values = known | {"part": str(part)}
            script = scripts[process].strip()
            for name, value in values.items():
                script = script.replace(f"${{{name}}}", value)
            assert "${" not in script, "a name that nobody gives a value"
            yield from (line.strip() for line in script.splitlines())


@pytest.mark.parametrize("lines", [of_the_snakefile, of_nextflow], ids=["Snakefile", "main.nf"])
def test_the_command_lines_of_a_workflow_make_the_report(
    lines: object, sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(lines)
    out = tmp_path / "out"
    typed = [command for line in lines(sweep, out) for command in line.split(" && ")]
    assert [shlex.split(line)[1] for line in typed] == ["sweep"] * (JOBS + 1) + ["analyze"]
    for line in typed:
        program, *words = shlex.split(line.replace("--workers 1", "--workers 0"))  # here, not in processes
        assert program == "transplant-twin"
        assert main(words) == 0, line
    check_report(out, capsys)


def check_report(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (out / "analysis" / "report.html").is_file()
    assert list(out.glob("runs-*-of-*")) == [], "parts are joined"
    capsys.readouterr()
    assert main(["status", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["planned"], document["survey"]["done"], document["missing"]) == (4, 4, 0)


@pytest.mark.slow
@pytest.mark.skipif(not SNAKEMAKE, reason="SNAKEMAKE names no executable")
def test_snakemake_itself_plans_and_makes_the_report(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = f"{sys.executable} {ROOT / 'run_sim.py'}"
    messages = [f"sweep={sweep}", "out=out", f"jobs={JOBS}", f"program={program}"]
    words = [SNAKEMAKE, "--snakefile", str(CLUSTER / "Snakefile"), "--cores", "1", "--config", *messages]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*more: str) -> str:
        done = subprocess.run(
            [*words, *more], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    planned = run("--dry-run")
    assert re.search(rf"^part +{JOBS}$", planned, re.MULTILINE)
    assert re.search(r"^report +1$", planned, re.MULTILINE)
    assert not (tmp_path / "out").exists()
    run()
    check_report(tmp_path / "out", capsys)
    assert "Nothing to be done" in run()


PARSED = """
import sys, tree_sitter, tree_sitter_groovy
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
print(*(parser.parse(open(name, "rb").read()).root_node.has_error for name in sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not SNAKEMAKE, reason="SNAKEMAKE names no executable")
def test_main_nf_is_groovy_without_a_mistake(tmp_path: Path) -> None:
    text = (CLUSTER / "main.nf").read_text(encoding="utf-8")
    broken = []
    for number, sign in enumerate(("(", "}", '"""')):
        broken.append(tmp_path / f"broken{number}.nf")
        broken[-1].write_text("".join(text.rsplit(sign, 1)))
    files = [str(CLUSTER / "main.nf"), *map(str, broken)]
    python = str(Path(SNAKEMAKE).with_name("python"))
    done = subprocess.run([python, "-c", PARSED, *files], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True", "True"], (
        "only the shipped one is without a mistake"
    )
