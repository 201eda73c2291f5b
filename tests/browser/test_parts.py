"""Player, snapshots, charts and maps without a browser."""

import itertools
import math
import threading
import time

import numpy as np
import pytest

from simulation.browser.charts import base_option, day_limit, frame_option, power
from simulation.browser.components.badges import badge_words
from simulation.browser.components.event_log import EventLog, log_lines
from simulation.browser.marrow import LAYERS, niche_agents, niche_words, paint
from simulation.browser.palette import DARK, LIGHT, palette, rgb
from simulation.browser.player import Player
from simulation.browser.snapshot import snapshot, thinned
from simulation.mesa_model import TransplantModel
from simulation.scenario.load import parse_scenario

SMALL = """name: Small
follow_up: 60 d
marrow: {rows: 3, columns: 4}
patient: {n_residual_blasts: 1e6 cells}
start: {when: day, day: day 10}
blinatumomab: {dose: 28 ug/day, on: 14 d, off: 14 d, cycles: 1}
dli: {cd3: [1e6/kg]}
"""


def test_before_its_day_a_stated_disease_is_not_called_eradicated() -> None:
    plan = parse_scenario(SMALL, {"disease": {"on": "day 1", "marrow": "30 %"}, "graft.treg": "0/kg"})
    stated = TransplantModel(plan, seed=1)
    assert ("Leukaemia", "stated for day 1", "plain") in badge_words(snapshot(stated.life))
    while stated.day < 1:
        stated.step()
    assert badge_words(snapshot(stated.life))[1][::2] == ("Leukaemia", "bad")


@pytest.fixture(scope="module")
def model() -> TransplantModel:
    patient = TransplantModel(parse_scenario(SMALL), seed=1)
    while patient.day < 40:
        patient.step()
    return patient


class Clock:
    """A subject that only counts; `slow` seconds a step."""

    time_step = 0.25

    def __init__(self, end: float = 1e9, slow: float = 0.0, fails_at: float = math.inf) -> None:
        self.day, self.end, self.slow, self.fails_at = 0.0, end, slow, fails_at

    @property
    def finished(self) -> bool:
        return self.day >= self.end

    def step(self) -> None:
        time.sleep(self.slow)
        if self.day >= self.fails_at:
            raise RuntimeError("a rule of the user's own")
        self.day += self.time_step


def play(player: Player, seconds: float) -> None:
    player.play()
    time.sleep(seconds)
    player.pause()


def test_the_player_waits_until_a_frame_is_drawn() -> None:
    clock, frames = Clock(), []
    player = Player(clock, lambda: frames.append(clock.day))
    player.speed = math.inf
    play(player, 0.5)  # nobody says that it has drawn
    assert len(frames) == 1


def test_the_player_keeps_its_speed() -> None:
    clock = Clock()
    player = Player(clock, lambda: threading.Timer(0.01, player.drawn).start())
    player.speed = 5.0
    play(player, 1.5)
    assert 3.0 <= clock.day <= 9.0  # 7.5 days on an idle machine


def test_pause_is_heard_between_two_steps() -> None:
    clock = Clock(slow=0.1)
    player = Player(clock, lambda: player.drawn())
    player.play()
    time.sleep(0.3)
    player.pause()
    time.sleep(0.2)
    day = clock.day
    time.sleep(0.3)
    assert clock.day == day and not player.playing


def test_the_player_stops_at_the_end_and_at_an_error() -> None:
    messages: list[bool] = []
    for clock in (Clock(end=1.0), Clock(fails_at=1.0)):
        player = Player(clock, lambda: player.drawn(), lambda: messages.append(True))  # noqa: B023
        player.speed = math.inf
        player.play()
        for _ in range(100):
            time.sleep(0.02)
            if not player.playing:
                break
        assert not player.playing and clock.day == 1.0
    assert "a rule of the user's own" in player.error


def test_advance_takes_at_least_one_step() -> None:
    clock = Clock()
    player = Player(clock, lambda: None)
    player.advance(0)
    player.advance(7)
    assert clock.day == 7.25


def test_a_snapshot_stands_still(model: TransplantModel) -> None:
    shot = snapshot(model.life)
    blasts = shot.layers["blasts"].copy()
    again = snapshot(model.life)
    assert shot.day == 40.0 and shot.columns["day"][-1] == 40.0
    np.testing.assert_array_equal(blasts, again.layers["blasts"])
    assert shot.agents == len(model.agents)


@pytest.mark.parametrize(("n", "most"), [(0, 10), (1, 10), (10, 10), (11, 10), (1000, 10)])
def test_thinning_keeps_the_last_point(n: int, most: int) -> None:
    kept = thinned(n, most)
    assert kept.size <= most + 1 and (n == 0 or kept[-1] == n - 1)


def test_powers_of_ten_show_zero_as_the_lowest_line() -> None:
    assert power(np.array([0.0, 1e-12, 1e-3, 100.0, np.nan]), -6) == [-6, -5.8, -3, 2, None]


def test_the_axis_of_days_grows_and_ends_with_follow_up() -> None:
    assert (day_limit(0, 365), day_limit(100, 365), day_limit(364, 365), day_limit(50, 40)) == (
        30,
        120,
        365,
        40,
    )


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_a_frame_fits_its_option(model: TransplantModel, colours: object) -> None:
    shade = palette(colours is DARK)
    option, frame = base_option(shade), frame_option(snapshot(model.life), shade)
    assert [one["id"] for one in option["series"]] == [one["id"] for one in frame["series"]]
    by_id = {one["id"]: one for one in frame["series"]}
    assert len(by_id["blasts"]["data"]) == snapshot(model.life).columns["day"].size
    assert by_id["mrd"]["data"] and by_id["dli"]["data"]
    infusion = by_id["blinatumomab"]["markArea"]["data"][0]
    assert (infusion[0]["xAxis"], infusion[1]["xAxis"]) == (10.0, 24.0)
    assert len(by_id["tissue"]["markArea"]["data"]) == 4


def logged(**more: object) -> list[tuple[str, str]]:
    text = SMALL.replace("follow_up: 60 d", "follow_up: 200 d").replace(
        "start: {when: day, day: day 10}", "start: {when: never}"
    )
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("blinatumomab", "dli")))
    growth = "patient: {n_residual_blasts: 1e6 cells, rate_blast_net_growth: 0.015 /day}"
    patient = TransplantModel(
        parse_scenario(text.replace("patient: {n_residual_blasts: 1e6 cells}", growth), more), seed=1
    )
    while not patient.life.finished:
        patient.step()
    return log_lines(snapshot(patient.life))


def test_tests_without_news_are_told_in_one_line() -> None:
    lines = logged()
    days = [float(day.split()[-1]) for day, _ in lines]
    assert days == sorted(days, reverse=True)
    assert any("MRD tests, nothing new; the last" in message for _, message in lines)
    assert max(early - late for early, late in itertools.pairwise(days)) <= 150


def test_a_test_by_hand_is_answered() -> None:
    before, after = logged(), logged(orders=[{"day": "day 100", "test": "marrow"}])
    assert not any("aspirate of day 100" in message for _, message in before)
    answers = [
        (day, message) for day, message in after if "MRD" in message and "aspirate of day 100" in message
    ]
    assert [day for day, _ in answers] == ["day 103"]


def test_a_log_without_events_does_not_ask_to_play_what_has_played() -> None:
    for until, message in ((-4.0, "press Play"), (30.0, "Nothing to tell until day 30")):
        assert message in EventLog([], until).kwargs["items"]


def test_every_axis_says_its_unit() -> None:
    option = base_option(LIGHT)
    assert all("(" in title["text"] for title in option["title"])
    assert option["xAxis"][-1]["name"] == "days after transplant"


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dark", [False, True])
def test_every_layer_is_painted(model: TransplantModel, layer: str, dark: bool) -> None:
    image = paint(snapshot(model.life).layers, layer, palette(dark))
    assert image.url.startswith("data:image/png;base64,") and (image.rows, image.columns) == (3, 4)
    assert image.legend


def test_what_dominates_is_told_by_its_colour() -> None:
    import base64
    import io

    from PIL import Image

    zero = np.zeros((1, 3))
    layers = {name: zero for name in ("blasts", "blasts_cd19_negative", "engaged", "tcon", "treg")}
    layers |= {"blasts": np.array([[1e9, 1.0, 0.0]]), "tcon": np.array([[1.0, 1e9, 0.0]])}
    url = paint(layers, "dominant", LIGHT).url
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    shown = [picture.getpixel((i, 0)) for i in range(3)]
    assert shown == [rgb(LIGHT.cells["blasts"]), rgb(LIGHT.cells["tcon"]), rgb(LIGHT.empty)]


def test_agents_of_a_niche(model: TransplantModel) -> None:
    agents, n = niche_agents(model, 5)
    assert n == sum(agent.place == 5 for agent in model.agents) == len(agents)
    assert {agent["kind"] for agent in agents} >= {"Blasts", "Tcon"}
    assert "Niche row 2, column 2" in niche_words(snapshot(model.life).layers, 5)
