"""For users of Mesa: the patient is a model, and his cells are agents.

`TransplantModel` is a `mesa.Model`: step it, select and group its agents, collect data, put an agent of your own in, copy it.
An agent is a number of like cells in one place, so that 1e11 blasts are some hundred agents.

Run it from the project's folder:  python examples/mesa_user.py
More, with agent classes and scripted agents: docs/extending.md.
"""

import copy
from pathlib import Path

from simulation.mesa_model import DonorTcon, LeukemicBlast, TransplantModel, data_collector

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"


def main(days: float = 20.0) -> None:
    """Live some days, look at the agents, give T cells by hand to a twin, and compare."""
    model = TransplantModel(str(SCENARIOS / "no_treatment.yaml"), seed=1)
    model.datacollector = data_collector(model_reporters={"agents": lambda one: len(one.agents)})
    model.run_for(days)

    blasts = model.agents.select(agent_type=LeukemicBlast)
    print(
        f"day {model.day:.0f}: {len(model.agents)} agents, {blasts.agg('cells', sum):.3g} blasts in {len(blasts)} of them"
    )
    for place, cells in sorted(model.agents.groupby("place_kind").agg("cells", sum).items()):
        print(f"  {place:<16} {cells:.3g} cells")

    twin = copy.deepcopy(model)  # the same patient, who will live the same days, but for what is done to him
    DonorTcon(twin, place="blood", cells=200_000_000, stage="memory", alloreactive=True)
    for one in (model, twin):
        one.run_for(days)
    texts = [f"{one.record()['blasts_cells']:.4g}" for one in (model, twin)]
    print(f"day {model.day:.0f}: {texts[0]} blasts, in the twin given T cells {texts[1]}")
    table = model.datacollector.get_model_vars_dataframe()
    print(table[["day", "blasts_cells", "cd3_per_ul", "agents"]].tail(3).to_string(index=False))


if __name__ == "__main__":
    main()
