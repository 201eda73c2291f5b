"""Measure the program against its speed targets: `python benchmarks/run_benchmarks.py [--quick]`.

Prints a table and writes benchmarks/results.json. Times are of one process, CPU seconds unless
said, from several repeats, so that other work on the machine disturbs them little; not part of the tests.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SCENARIO = ROOT / "scenarios" / "preemptive.yaml"
UNTREATED = ROOT / "scenarios" / "no_treatment.yaml"


@dataclass
class Figure:
    """One measured figure; `target` is an upper bound unless `at_least`."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def median_cpu(work: Callable[[], object], repeats: int) -> float:
    return statistics.median(cpu(work) for _ in range(repeats))


# Whole patients -------------------------------------------------------------------------------------------


def stepping(repeats: int) -> list[Figure]:
    """Time all steps of the default patients, warm, without reading files or writing results.

    Every repeat does exactly the same work, so that for each step the quickest repeat is the one least disturbed.
    """
    figures = []
    for name, path, target in (("treated", SCENARIO, 0.12), ("untreated", UNTREATED, 0.06)):
        courses = [one_course(path) for _ in range(repeats + 1)][1:]  # the first one warms up
        best = sum(map(min, zip(*(steps for steps, _ in courses), strict=True)))
        whole, n, updates = (
            statistics.median(sum(steps) for steps, _ in courses),
            len(courses[0][0]),
            courses[0][1],
        )
        note = f"{n} steps, {updates / n:,.0f} agents on average; CPU with what else ran: {whole:.2f} s"
        figures.append(Figure(f"stepping, {name} patient, 365 d", best, "s", target, note=note))
        if name == "treated":
            rate = updates / best
            figures.append(Figure("agent-updates per second, whole step", rate, "/s", 1.2e7, at_least=True))
    return figures


def one_course(path: Path) -> tuple[list[float], int]:
    """Run a course; return CPU seconds by step, and agent-updates."""
    from simulation.life import NOTHING, Life
    from simulation.scenario import load_scenario

    steps, updates = [], 0
    course = Life(load_scenario(path), 1, 0, record=NOTHING)
    while not course.finished:
        start = time.process_time()
        course.step()
        steps.append(time.process_time() - start)
        updates += course.body.state.pop.n_agents
    return steps, updates


def mean_field(treated: float, repeats: int) -> list[Figure]:
    """Time the mean field of the same laws in a marrow of one niche, for the course of the default treated patient.

    It is what a compiled system of differential equations would be: nothing is drawn, and nothing is told apart by niche.
    """
    from simulation.life import NOTHING, Life
    from simulation.scenario import load_scenario
    from tests.verification.mean_field import MeanField

    scenario, bests, states = load_scenario(SCENARIO, ["marrow.rows=1", "marrow.columns=1"]), [], 0
    for _ in range(repeats + 1):
        course, steps = Life(scenario, 1, 0, record=NOTHING), []
        course.body = MeanField.of(course.body)
        while not course.finished:
            course.clinic.act(course.body)
            start = time.process_time()
            course.body.step()
            steps.append(time.process_time() - start)
            course.observe()
            states += course.body.state.pop.n_agents
        bests.append(steps)
    best = sum(map(min, zip(*bests[1:], strict=True)))
    note = f"without the clinic; {states / (repeats + 1) / len(bests[0]):,.0f} numbers of cells on average"
    return [
        Figure("mean field of the same laws, one niche, 365 d", best, "s", note=note),
        Figure("stepping, treated patient, against the mean field", treated / best, "x"),
    ]


def short_points(repeats: int) -> list[Figure]:
    """Time points of a sweep that look at one day: a patient of his own each, from his parameters to his outcomes."""
    from simulation.life import NOTHING, attempt
    from simulation.scenario import load_scenario

    scenario, points = load_scenario(SCENARIO, ["follow_up=1 d"]), 50

    def work() -> None:
        for patient in range(points):
            (life,) = attempt([scenario], seed=1, patient=patient, record=NOTHING)
            if isinstance(life, Exception):
                raise life
            life.outcomes()

    work()
    best = min(cpu(work) for _ in range(max(repeats, 3))) / points
    note = f"{1e3 * best:.2f} ms a point; {points} were run"
    return [Figure("10,000 short sweep points (1 d)", 1e4 * best, "s", 25.0, note=note)]


# The engine by size -----------------------------------------------------------------------------------------


def cost_of_cells(repeats: int) -> list[Figure]:
    """Compare steps of the engine on 1e6 and on 7e11 blasts in 144 niches (28 patients side by side)."""
    from tests.engine.worlds import World

    patients, niches = 28, 144

    def one(cells: int) -> float:
        world = World(seed=1, capacity=1 << 13)
        for i in range(patients * niches):
            world.pop.add(i << 30, i % 6, cells // niches)

        def work() -> None:
            for _ in range(5):
                world.set_hazards(divide=0.09, die=0.09, to_neighbour=0.01, to_group_0=0.01)
                world.step(0.25)

        work()
        return min(cpu(work) / (5 * world.pop.n_agents) for _ in range(3 * repeats))

    few, many = one(10**6), one(7 * 10**11)
    note = f"{1e9 * few:.0f} and {1e9 * many:.0f} ns per agent and step"
    return [Figure("engine's cost per agent, 7e11 against 1e6 blasts", many / few, "x", 1.2, note=note)]


def cost_of_agents(repeats: int, largest: int) -> list[Figure]:
    """Compare the whole step's cost per agent in marrows of 52 x 52 niches (1.6e4 agents) and of `largest` x `largest`."""
    from simulation.life import Life
    from simulation.scenario import load_scenario

    costs = []
    for side in (52, largest):
        scenario = load_scenario(SCENARIO, [f"marrow.rows={side}", f"marrow.columns={side}"])
        course = Life(scenario, 1, 0)
        for _ in range(24):  # graft and blasts have spread over all niches
            course.step()
        n = 2 if side > 150 else 20

        def some(course: Life = course, n: int = n) -> None:
            for _ in range(n):
                course.step()

        seconds = median_cpu(some, max(repeats, 3))
        agents = course.body.state.pop.n_agents
        costs.append((agents, 1e9 * seconds / (n * agents)))
    (few, cheap), (many, dear) = costs
    note = f"{cheap:.0f} ns at {few:,} agents, {dear:.0f} ns at {many:,}"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024.0 if sys.platform == "linux" else 1024.0**2
    )
    return [
        Figure(
            "cost per agent and step, large marrow against one of 52 x 52", dear / cheap, "x", 2.0, note=note
        ),
        Figure(f"peak memory with {many:,} agents", memory, "MB"),
    ]


# The command line -----------------------------------------------------------------------------------------------


def command(cache: Path, out: Path) -> tuple[float, float, float]:
    """Run the main command in a process of its own; return CPU s, wall s and peak memory MB."""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "run_sim.py"), "run", str(SCENARIO), "--seed", "1", "--out", str(out), "--quiet"],
        cwd=ROOT, env=env, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(child.pid, 0)  # of this child alone
    if status:
        raise RuntimeError(f"the run ended with status {status}")
    memory = used.ru_maxrss / (1024.0 if sys.platform == "linux" else 1024.0**2)
    return used.ru_utime + used.ru_stime, time.perf_counter() - start, memory


def command_line(repeats: int) -> list[Figure]:
    """Time `run_sim.py run` with an empty and with a filled cache of kernels."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        cache = home / "cache"
        cold, cold_wall, cold_memory = command(cache, home / "cold")
        runs = [command(cache, home / f"warm{i}") for i in range(repeats)]
        kernels = len(list(cache.rglob("*.nbc")))
        help_s = statistics.median(
            cpu_of_child([sys.executable, str(ROOT / "run_sim.py"), "--help"]) for _ in range(max(repeats, 3))
        )
        shutil.rmtree(cache, ignore_errors=True)
    warm = statistics.median(used for used, _, _ in runs)
    warm_wall = statistics.median(wall for _, wall, _ in runs)
    return [
        Figure("`run`, cold, kernels compiled", cold, "s", 8.0, note=f"CPU; {cold_wall:.1f} s by the clock"),
        Figure(
            "`run`, warm, with figures and report",
            warm,
            "s",
            2.0,
            note=f"CPU; {warm_wall:.1f} s by the clock",
        ),
        Figure("compiling the kernels", cold - warm, "s", note=f"{kernels} compiled kernels in the cache"),
        Figure("peak memory of `run`, warm", max(rss for _, _, rss in runs), "MB", 250.0),
        Figure("peak memory of `run`, cold, kernels compiled", cold_memory, "MB"),
        Figure("`--help`", help_s, "s", 1.0, note="CPU"),
    ]


def cpu_of_child(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# Report --------------------------------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    import numba
    import numpy

    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": processor,
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "numba": numba.__version__,
        "load": ", ".join(f"{x:.1f}" for x in os.getloadavg()) if hasattr(os, "getloadavg") else "",
    }


def table(figures: list[Figure]) -> str:
    lines = ["| figure | measured | target | met | note |", "|---|---|---|---|---|"]
    for f in figures:
        bound = "" if f.target is None else f"{'>=' if f.at_least else '<='} {f.target:,.4g} {f.unit}"
        met = {None: "", True: "yes", False: "**no**"}[f.met]
        value = f"{f.value:.2e}" if f.value >= 1e5 else f"{f.value:,.3g}"
        lines.append(f"| {f.name} | {value} {f.unit} | {bound} | {met} | {f.note} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer repeats and a smaller large marrow (about a minute)"
    )
    quick = parser.parse_args().quick
    from simulation.engine_cache import use_engine_cache

    use_engine_cache()
    repeats = 1 if quick else 3
    shell = command_line(repeats)  # first: a child's peak memory counts what its parent held when it was born
    figures = stepping(2 if quick else 6)
    figures += mean_field(figures[0].value, repeats)
    figures += short_points(repeats)
    figures += cost_of_cells(3 if quick else 7)
    figures += cost_of_agents(repeats, 160 if quick else 300)
    figures += shell
    where = machine()
    print(", ".join(f"{k} {v}" for k, v in where.items()), end="\n\n")
    print(table(figures))
    results = {"machine": where, "quick": quick, "figures": [asdict(f) | {"met": f.met} for f in figures]}
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
