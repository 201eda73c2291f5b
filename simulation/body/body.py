"""One simulated patient: the state, the step, and the clinic's hands (`simulation.clinic.ports.Patient`)."""

import copy
from collections.abc import Sequence
from math import sqrt
from typing import Any

from simulation.biology.antigens import CD19, HLA_HAPLOTYPE
from simulation.biology.channels import channels
from simulation.biology.crs import crs_grade
from simulation.biology.engagers import Engager
from simulation.biology.gvhd import grade_of
from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS, Order, switched_on
from simulation.biology.places import PlaceKind
from simulation.biology.state import Process, State
from simulation.biology.traits import BLAST, ORIGIN_GRAFT, RESTING, TCON, TREG, encode
from simulation.body.anatomy import build_places
from simulation.body.disease import outside_of, put_in, refuse_outside
from simulation.body.keyed import Keyed
from simulation.body.measure import truth_of
from simulation.clinic.ports import Effect, Truth
from simulation.engine.keyed_random import base_key
from simulation.engine.population import MOST_BYTES
from simulation.errors import UserError
from simulation.parameters import ParameterValues
from simulation.plugins import rules_of
from simulation.products.registry import ENGAGERS
from simulation.scenario.disease import Disease
from simulation.scenario.schema import Scenario

__all__ = ["MOST_BORN", "Body"]

MOST_BORN = 10**17  # cells in one life: assumption, far beyond what a full marrow's turnover makes in years
# Antigens that the residual blasts of each kind have lost.
_LOST = {"blasts": (), "cd19_negative": (CD19,), "hla_lost": (HLA_HAPLOTYPE,)}


class Body:
    """Simulate one patient's cells; implements `simulation.clinic.ports.Patient`.

    Parameters
    ----------
    scenario
        What differs between scenarios: grid, resolution, donor, graft, processes.
    values
        The patient's parameters (table, scenario and individual draws together), canonical units.
    seed, patient
        Keys of every random number; the treatment arm is not part of them.
    rules
        A user's own processes, each acting before the draw of events, after those of the scenario's plugins.
    engagers
        The T-cell engagers that may be given.
    """

    def __init__(
        self,
        scenario: Scenario,
        values: ParameterValues,
        seed: int,
        patient: int,
        rules: Sequence[Process] = (),
        engagers: Sequence[Engager] = ENGAGERS,
    ) -> None:
        self._origin, self._engagers = (scenario, values, seed, patient, rules), engagers
        self.values = values
        self.draw = Keyed(seed, patient)
        self.time_step = scenario.time_step
        self._tracked_infusions = scenario.resolution.tracked_infusions
        self._haploidentical = scenario.donor.match == "haploidentical"
        self._donor = scenario.donor.match.removeprefix("matched_")
        self.before = switched_on(BEFORE_EVENTS, scenario.processes)
        self.plugin_rules = rules_of(scenario.plugin)
        self.rules = tuple(rules)
        self.after = switched_on(AFTER_EVENTS, scenario.processes)
        self._order = self._ordered()
        self.state = self._initial_state(scenario, seed, patient, engagers)
        graft, weight = scenario.graft, self.weight_kg
        self._due: list[tuple[float, str, int]] = sorted(
            [
                (graft.treg_day, "treg", round(graft.treg * weight)),
                (0.0, "tcon", round(graft.tcon * weight)),
                *self._leukaemia(scenario.disease),
            ]
        )
        self._refuse_too_many()
        self.state.day = self.state.start_day = min(graft.treg_day, 0.0) if graft.treg > 0 else 0.0
        self._integrity_of_grades = (
            values.integrity_grade_1, values.integrity_grade_2, values.integrity_grade_3, values.integrity_grade_4,
        )  # fmt: skip
        self._score_of_grades = values.crs_score_grade_1, values.crs_score_step
        self._truth: Truth | None = None
        self.begin()

    def _leukaemia(self, stated: Disease | None) -> list[tuple[float, str, int]]:
        """Return when blasts come, and how many; those of a stated disease, last of its day, are counted on that day."""
        p = self.values
        self._stated = stated
        day, bulk = 0.0, ("blasts", round(p.n_residual_blasts))
        if stated is not None:
            refuse_outside(self, stated)
            room = float(self.state.places.room[self.state.places.marrow].sum())
            day, bulk = stated.on, ("stated", round(room * stated.fraction) + outside_of(self, stated))
        return [
            (day, *bulk),
            (day, "cd19_negative", round(p.n_cd19_negative_reservoir)),
            (day, "hla_lost", round(p.n_hla_lost_reservoir)),
        ]

    def _initial_state(
        self, scenario: Scenario, seed: int, patient: int, engagers: Sequence[Engager]
    ) -> State:
        p, r, marrow = self.values, scenario.resolution, scenario.marrow
        without = () if marrow.extramedullary_site else (PlaceKind.EXTRAMEDULLARY,)
        places = build_places(p, marrow.rows, marrow.columns, p.weight, self.draw, without)
        return State(
            p,
            places,
            channels(round(p.n_priming_divisions)),
            engagers,
            base_key(seed, patient, "events"),
            tracked_clones=r.tracked_clones,
            single_cells=r.cells_per_agent == 1,
            weight_kg=p.weight,
            haplotype_mismatch=self._haploidentical,
            # without the process nothing would ever take it away
            host_marrow=p.fraction_host_marrow if scenario.processes.get("host_marrow", True) else 0.0,
        )

    def _refuse_too_many(self) -> None:
        """Raise `UserError` where one agent a cell would not fit into memory."""
        pop, cells = self.state.pop, sum(cells for _, _, cells in self._due)
        needed = cells * pop.bytes_per_stratum
        if pop.single_cells and needed > MOST_BYTES:
            raise UserError(
                f"{cells:.3g} cells in {pop.n_places} places would take about {needed / 2**30:.3g} GiB, each an agent of its own",
                key="resolution.cells_per_agent",
                expected=f"at most {MOST_BYTES // pop.bytes_per_stratum:,} cells here, or unlimited",
            )

    def _ordered(self) -> Order:
        return Order((*self.before, *self.plugin_rules, *self.rules), self.after)

    # The clock -----------------------------------------------------------------------------------------

    @property
    def day(self) -> float:
        """Return days since transplant at the start of the current step."""
        return float(self.state.numbers["day"].item())  # `state.day` without its detour: asked for often

    @property
    def weight_kg(self) -> float:
        """Return the body weight, kg."""
        return float(self.values.weight)

    @property
    def body_surface_m2(self) -> float:
        """Return the body surface, m2, for a person of usual height (Mosteller with height in cm)."""
        return sqrt(self.values.height * self.weight_kg / 3600.0)

    def begin(self) -> None:
        """Put in what is due by now: graft products, residual blasts or a stated disease."""
        while self._due and self._due[0][0] <= self.day + 1e-9:
            _, what, cells = self._due.pop(0)
            if what == "treg":
                self.infuse(encode(TREG), cells)
            elif what == "tcon":
                self.infuse_tcon(cells, ORIGIN_GRAFT)
            elif what == "stated" and self._stated is not None:
                put_in(self, self._stated)
            else:
                self._seed_blasts(what, cells)

    def step(self) -> None:
        """Advance by one step.

        Raises
        ------
        UserError
            If cells multiply without bound: of rates like these a step is too long, or a rule feeds them.
        """
        self._order.advance(self.state, self.time_step)
        self._truth = None
        if not 0 <= self.state.numbers["births"].item() <= MOST_BORN:
            raise UserError(
                f"more than {MOST_BORN:.0e} cells were born by day {self.day:g}: they multiply without bound",
                key="time_step",
                expected="a shorter step, or lower rates of division",
            )
        self.begin()

    # What the clinic does --------------------------------------------------------------------------------

    def apply(self, effect: Effect) -> None:
        """Let a product act: see `simulation.products`."""
        effect.act(self)
        self._truth = None

    def origin(self, infusion: int) -> int:
        """Return the origin that cells of an infusion bear; infusions count from 1."""
        return min(infusion, self._tracked_infusions)

    def infuse(self, code: int, cells: int, place: int | None = None) -> None:
        """Put cells of one kind into the blood, or into another place."""
        where = self.state.places.index(PlaceKind.BLOOD) if place is None else place
        self.state.pop.add(code, where, cells)
        self.state.infused += cells
        self._truth = None

    def infuse_along(self, code: int, cells: Sequence[int]) -> None:
        """Put cells of one kind into the places from the first on, niches before all others."""
        self.state.pop.add_along(code, cells)
        self.state.infused += sum(cells)
        self._truth = None

    def infuse_tcon(
        self, cells: int, infusion: int, alloreactive_factor: float = 1.0, stage: int = RESTING
    ) -> None:
        """Put donor Tcon into the blood, split by exact draws into alloreactive and other cells, and those by what they see.

        `infusion` is its number, 0 being the graft: no two share their random numbers.
        `alloreactive_factor` multiplies the donor's alloreactive share, `stage` is that of the alloreactive cells.
        """
        p = self.values
        share = float(getattr(p, f"fraction_alloreactive_{self._donor}")) * alloreactive_factor
        alloreactive = self.draw.binomial("alloreactive", cells, share, infusion, self.state.step)
        restricted = self.draw.binomial(
            "haematopoietic", alloreactive, p.fraction_haematopoietic, infusion, self.state.step
        )
        origin = self.origin(infusion)
        for n, haematopoietic in ((restricted, True), (alloreactive - restricted, False)):
            self.infuse(
                encode(TCON, alloreactive=True, haematopoietic=haematopoietic, stage=stage, origin=origin), n
            )
        self.infuse(encode(TCON, origin=origin), cells - alloreactive)

    def _seed_blasts(self, what: str, cells: int) -> None:
        """Spread residual blasts over the niches at random, each cell on its own."""
        niches = self.draw.scattered(f"seed {what}", cells, self.state.places.n_niches)
        self.infuse_along(encode(BLAST, lost=_LOST[what]), niches)

    # What can be known -----------------------------------------------------------------------------------

    def truth(self) -> Truth:
        """Return the true state now; computed once per step."""
        if self._truth is None:
            self._truth = truth_of(self.state, self.agvhd_grade(), self.crs_grade())
        return self._truth

    def changed(self) -> None:
        """Say that cells were changed by hand: what was read before no longer holds."""
        self._truth = None

    def agvhd_grade(self) -> int:
        """Return the acute GvHD grade now, 0-4."""
        return grade_of(self.state.tissue_integrity, self._integrity_of_grades)

    def crs_grade(self) -> int:
        """Return the CRS grade now, 0-4."""
        return crs_grade(self.state.crs_score, *self._score_of_grades)

    def hazard_of_death(self) -> float:
        """Return the hazard of non-relapse death now, per day."""
        p, now, hazard = self.values, self.truth(), 0.0
        if now.agvhd_grade >= 3:  # asked in every step: most of them end here
            hazard += p.rate_death_agvhd_4 if now.agvhd_grade == 4 else p.rate_death_agvhd_3
        return hazard + (p.rate_death_crs_4 if now.crs_grade == 4 else 0.0)

    def uniform(self, stream: str, *ids: int) -> float:
        """Return a keyed random number of a named clinic stream."""
        return self.draw.uniform(f"clinic {stream}", *ids)

    def binomial(self, stream: str, n: int, p: float, *ids: int) -> int:
        """Return an exact keyed binomial draw of a named clinic stream."""
        return self.draw.binomial(f"clinic {stream}", n, p, *ids)

    def copy(self) -> "Body":
        """Return an independent copy that goes on with the same bytes."""
        twin = Body.__new__(Body)
        twin.__dict__.update(self.__dict__)
        twin.state = self.state.copy()
        if self.plugin_rules:
            twin.plugin_rules = copy.deepcopy(self.plugin_rules)  # what a rule keeps belongs to one life
            twin._order = twin._ordered()
        twin._due = list(self._due)
        return twin

    def __deepcopy__(self, memo: dict[int, object]) -> "Body":
        return self.copy()

    def __getstate__(self) -> tuple[object, ...]:
        """Return what a pickle holds: what the body was made from, and its numbers now; no address, no compiled code."""
        usual = self._engagers is ENGAGERS  # which every process knows
        kept = [rule.kept() for rule in self.plugin_rules]
        return self._origin, None if usual else self._engagers, kept, self._due, self.state.contents()

    def __setstate__(self, pickled: tuple[Any, ...]) -> None:
        (scenario, values, seed, patient, rules), engagers, kept, due, contents = pickled
        engagers = ENGAGERS if engagers is None else engagers
        Body.__init__(self, scenario, values, seed, patient, rules, engagers)
        for rule, state in zip(self.plugin_rules, kept, strict=True):
            rule.keep(state)
        self._due = due
        self.state.restore(*contents)
        self._truth = None
