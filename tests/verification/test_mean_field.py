"""Where numbers are large, the mean of the engine's draws is the mean field of the same laws."""

from pathlib import Path

import numpy as np
import pytest

from simulation.biology.census import BLASTS, TCONS, TREGS, Counts
from simulation.biology.step import step
from simulation.biology.traits import BLAST, encode
from simulation.body import Body
from simulation.body.virtual_patient import patient_values
from simulation.engine.events import BEGIN
from simulation.scenario import load_scenario
from tests.verification.mean_field import MeanField

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "preemptive.yaml"
RUNS = 12
ROUNDED_UP = 1.0  # cell a cohort at most
CURVATURE = 2e-4  # of a number: laws are not linear, so that chance itself moves the mean by some 1/N


def large_body() -> Body:
    """Return a body with a billion blasts and a heavy graft, on a drug from the fifth day on."""
    scenario = load_scenario(SCENARIO, {"marrow.rows": 2, "marrow.columns": 2, "graft.tcon": "1e8 cells/kg"})
    body = Body(scenario, patient_values(scenario, 1, 0), 1, 0)
    body.infuse_along(encode(BLAST), [10**9 // 4] * 4)
    return body


def counts_after(body: Body) -> np.ndarray:
    """Return the census of the whole body after five days, and after five more on the drug."""
    messages = []
    for rate in (0.0, 28.0):
        body.state.infusion_ug_per_day["blinatumomab"] = rate
        for _ in range(20):
            body.step()
        body.truth()
        messages.append(body.state.census.sums())
    return np.array(messages)


def test_the_mean_of_the_draws_is_the_mean_field() -> None:
    start = large_body()
    expected = counts_after(MeanField.of(start))
    results = []
    for run in range(RUNS):
        body = start.copy()
        body.state.event_key = 1_000 + run
        results.append(counts_after(body))
    mean, error = np.mean(results, axis=0), np.std(results, axis=0, ddof=1) / np.sqrt(RUNS)
    large = expected >= 1e4
    assert large[1].sum() >= len(Counts._fields) - 2, "too few cells to tell anything"
    cohorts = start.state.pop.capacity * start.state.places.n
    # 20 comparisons of 12 runs each: 6 standard errors are passed by chance once in about 500 such tests (t, 11 degrees)
    allowed = 6.0 * error + CURVATURE * np.abs(expected) + ROUNDED_UP * cohorts
    assert (np.abs(mean - expected) <= allowed)[large].all(), (mean / expected, error / expected)


def test_nothing_is_lost_where_nothing_is_born_or_dies() -> None:
    body = large_body()
    rates = {
        name for name in vars(body.state.p)["record"].dtype.names if name.startswith(("rate_", "n_thymic"))
    }
    moving = {name for name in rates if "_to_" in name}
    for name in rates - moving:
        setattr(body.state.p, name, 0.0)
    mean = MeanField.of(body)
    before = float(body.state.pop.total_cells())
    for _ in range(8):
        mean.step()
    assert isinstance(mean._order, MeanField)
    assert abs(mean._order.cells() / before - 1.0) < 1e-12


def test_the_middle_of_a_step_holds_all_cells_where_nothing_is_born_or_dies() -> None:
    """Counts that are foreseen are those of half a step of the mean field, and no cell is lost in them."""
    body = large_body()
    record = vars(body.state.p)["record"]
    for name in record.dtype.names:
        if name.startswith(("rate_", "n_thymic")) and "_to_" not in name:
            setattr(body.state.p, name, 0.0)
    body.step()
    state, order = body.state, body._order
    blasts, t_cells = body.truth().blasts, state.census.sums().t_cells
    census = np.zeros_like(order._first)
    census[0] = True
    state.pop.columns.late[:] = 0.0  # is told in steps, which are not the same here
    half = MeanField.of(body)
    dt = body.time_step / 8  # what is foreseen differs from it by the square of the step
    step(BEGIN, order._first, census, state.addresses, dt)
    seen = state.census.table.copy()
    assert seen[BLASTS].sum() == pytest.approx(blasts, rel=1e-12)
    assert seen[TCONS].sum() + seen[TREGS].sum() == pytest.approx(t_cells, rel=1e-12)
    half._order.advance(half.state, 0.5 * dt)
    half.state.take_census()
    for row in (BLASTS, TCONS, TREGS):
        np.testing.assert_allclose(seen[row], half.state.census.table[row], rtol=2e-3, atol=2.0)
