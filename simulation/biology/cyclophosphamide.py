"""Cyclophosphamide after transplant: T cells that divide while it is there die of it; regulatory T cells are spared."""

from simulation.biology.channels import Channel
from simulation.biology.drugs import CYCLOPHOSPHAMIDE, EXPOSURES
from simulation.biology.here import Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import BLAST, CLASS, ENGAGED_TREG, TREG
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Cyclophosphamide", "alkylate"]

_DRUG = EXPOSURES.index(CYCLOPHOSPHAMIDE)


@inner()
def alkylate(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Turn a share of all divisions of T cells into deaths; comes last, when every division is known."""
    level = here.exposure[_DRUG]
    if level <= 0.0:
        return
    p = here.p[0]
    tcon = 1.0 - (1.0 - p.p_death_cyclophosphamide) ** level
    treg = tcon * p.factor_cyclophosphamide_treg
    for s in range(pop.meta[N_STRATA]):
        kind = value_of(pop.code[s], CLASS)
        if here.behaviour[kind] == BLAST or here.behaviour[kind] < 0:
            continue
        dies = treg if kind == TREG or kind == ENGAGED_TREG else tcon
        divide, program, die = (
            hazards[s, Channel.DIVIDE], hazards[s, Channel.PROGRAM], hazards[s, Channel.DIE],
        )  # fmt: skip
        for i in range(pop.first[s], pop.end[s]):
            die[i] += dies * (divide[i] + program[i])
            divide[i] *= 1.0 - dies
            program[i] *= 1.0 - dies


class Cyclophosphamide(CompiledProcess):
    """Let a share of the T cells that divide under the drug die instead, whatever made them divide.

    Alloreactive cells, which divide daily once primed, are hit most, the slow division of lymphopenia less, resting cells not at
    all. Regulatory T cells carry aldehyde dehydrogenase, which takes the drug apart: `factor_cyclophosphamide_treg` as often.
    Survivors are not impaired (in mice they are: Wachsmuth 2019, recalled), and blasts are left alone (assumption).
    """

    name = "cyclophosphamide"
    source = (
        "Treg spared by aldehyde dehydrogenase: Kanakry 2013, doi 10.1126/scitranslmed.3006960; protection needs them: Ganguly "
        "2014, Blood 124:2131; antigen-driven division hit more than that of lymphopenia: Ross 2013 (recalled)"
    )
    reads = ("p_death_cyclophosphamide", "factor_cyclophosphamide_treg")
    law = alkylate
