"""A patient whose true burden is written by hand, and who remembers what was done to him."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulation.clinic.clinic import Clinic
from simulation.clinic.events import Event
from simulation.clinic.ports import Effect, Patient, Truth
from simulation.products.cytoreduction import Kill
from simulation.products.dli import DonorLymphocytes
from simulation.products.immunosuppression import Exposure
from simulation.products.inotuzumab import PoisonedAntibody
from simulation.products.pump import Injection, Rate
from simulation.products.tki import Inhibition
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario

Curve = float | Callable[[float], float]

MARROW_CELLS = 1e12


@dataclass(frozen=True)
class Values:
    """The rows of the parameter table the clinic reads."""

    fraction_cause_escape: float = 0.9
    fraction_cause_sanctuary: float = 0.5
    fraction_cause_poor_access: float = 0.5
    fraction_cause_suppressed: float = 0.5
    fraction_cause_exhausted: float = 0.5


class FakePatient:
    """Implement `Patient`; `fraction` and the others are numbers or functions of the day."""

    def __init__(
        self,
        fraction: Curve = 0.0,
        *,
        step: float = 0.25,
        first_day: float = 0.0,
        seed: int = 1,
        niche_factors: tuple[float, ...] = (1.0,),
        niche_access: tuple[float, ...] = (1.0,),
        hazard: Curve = 0.0,
        **other: Curve,
    ) -> None:
        self._fraction = fraction
        self._first_day = first_day
        self._seed = seed
        self._niche_factors = np.array(niche_factors)
        self._niche_access = np.resize(np.array(niche_access), len(niche_factors))
        self._hazard = hazard
        self._other: Mapping[str, Curve] = other
        self._n_steps = 0
        self._surviving = 1.0
        self.time_step = step
        self.weight_kg = 70.0
        self.body_surface_m2 = 1.8
        self.rates: list[tuple[float, float]] = []
        self.injected: list[tuple[float, float]] = []
        self.antibodies: list[tuple[float, float]] = []
        self.inhibited: list[tuple[float, bool]] = []
        self.infusions: list[tuple[float, int, int, int, bool]] = []
        self.drugs: list[tuple[float, str, float]] = []
        self.cytoreductions: list[tuple[float, float]] = []

    @property
    def day(self) -> float:
        return self._first_day + self._n_steps * self.time_step

    def advance(self) -> None:
        self._n_steps += 1

    def truth(self) -> Truth:
        fraction = self._at(self._fraction) * self._surviving
        blasts = int(fraction * MARROW_CELLS)
        niches = fraction * self._niche_factors / self._niche_factors.mean()
        return Truth(
            day=self.day,
            blasts=blasts,
            lost={
                "cd19": int(blasts * self._other_at("cd19_negative", 0.0)),
                "hla_haplotype": int(blasts * self._other_at("hla_lost", 0.0)),
            },
            marrow_blasts=blasts,
            marrow_cells=MARROW_CELLS,
            niche_blast_fraction=np.minimum(niches, 1.0),
            niche_blasts=niches * MARROW_CELLS / len(niches),
            niche_access=self._niche_access,
            blood_blasts_per_ul=self._other_at("blood_blasts", 0.0),
            cd3_per_ul=self._other_at("cd3", 100.0),
            treg_per_ul=10.0,
            b_cells_per_ul=5.0,
            marrow_t_cells=1e10,
            marrow_engaged=0.0,
            marrow_treg_share=0.1,
            marrow_suppression=self._other_at("suppression", 0.1),
            marrow_exhaustion=self._other_at("exhaustion", 0.1),
            marrow_et_ratio=1e10 / blasts if blasts else float("inf"),
            agvhd_grade=int(self._other_at("agvhd", 0)),
            crs_grade=int(self._other_at("crs", 0)),
            agents=7,
            extramedullary_blasts=int(
                blasts * self._other_at("outside", 0.0)  # per blast in the marrow
                + self._other_at("outside_cells", 0.0)
            ),
            extramedullary_access=0.1,
        )

    def uniform(self, stream: str, *ids: int) -> float:
        return float(self._generator(stream, ids).random())

    def binomial(self, stream: str, n: int, p: float, *ids: int) -> int:
        return int(self._generator(stream, ids).binomial(n, p))

    def apply(self, effect: Effect) -> None:
        match effect:
            case Rate():
                self.rates.append((self.day, effect.ug_per_day))
            case Injection():
                self.injected.append((self.day, effect.ug))
            case DonorLymphocytes():
                given = (effect.tcon, effect.treg, effect.number, effect.naive_depleted)
                self.infusions.append((self.day, *given))
            case Exposure():
                self.drugs.append((self.day, effect.drug, effect.level))
            case Kill():
                self.cytoreductions.append((self.day, effect.log10_kill))
                self._surviving *= 10.0**-effect.log10_kill
            case PoisonedAntibody():
                self.antibodies.append((self.day, effect.mg_per_m2))
            case Inhibition():
                self.inhibited.append((self.day, effect.on))
            case _:
                raise AssertionError(f"nobody knows {effect}")

    def hazard_of_death(self) -> float:
        return self._at(self._hazard)

    def _generator(self, stream: str, ids: tuple[int, ...]) -> np.random.Generator:
        key = hashlib.sha256(repr((self._seed, stream, ids)).encode()).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(key[:16])))

    def _at(self, curve: Curve) -> float:
        return curve(self.day) if callable(curve) else curve

    def _other_at(self, name: str, default: float) -> float:
        return self._at(self._other.get(name, default))


def scenario(**keys: Any) -> Scenario:
    """The defaults with some keys changed, written as in a file: `scenario(start={"when": "mrd", ...})`.

    One pull an aspirate unless a test says otherwise, so that its place is known.
    """
    return parse_scenario("name: a test", {"monitoring.pulls": 1} | keys)


def make_clinic(**keys: Any) -> Clinic:
    return Clinic(scenario(**keys), Values())


def follow(clinic: Clinic, patient: FakePatient, until: float) -> dict[str, object]:
    """Run the clinic on the patient until a day (from transplant), or death; return the outcomes."""
    while patient.day < until - 1e-9 and not clinic.finished:
        clinic.act(patient)
        patient.advance()
        clinic.observe(patient)
    return clinic.outcomes(patient)


def days(clinic: Clinic, kind: str, what: str | None = None) -> list[float]:
    return [event.day for event in clinic.events.of_kind(kind, what)]


def only(clinic: Clinic, kind: str, what: str | None = None) -> Event:
    events = clinic.events.of_kind(kind, what)
    assert len(events) == 1, events
    return events[0]


def exponential(day_of_5_percent: float, doubling_days: float) -> Callable[[float], float]:
    """Blast fraction growing without limit but 100 %, at 5 % on a given day."""
    return lambda day: float(min(0.05 * 2.0 ** ((day - day_of_5_percent) / doubling_days), 1.0))


_patient: type[Patient] = FakePatient  # the type checker compares it with the protocol
