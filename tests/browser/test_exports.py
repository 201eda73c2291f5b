"""What the page saves, without a browser: charts and maps as CSV and SVG."""

import csv
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from simulation.browser.charts import base_option, frame_option
from simulation.browser.exports import chart_csv, columns_csv, csv_text, file_name, layers_csv, twins_csv
from simulation.browser.marrow import LAYERS, map_svg, paint
from simulation.browser.palette import DARK, LIGHT, rgb
from simulation.browser.snapshot import snapshot
from simulation.browser.twin_charts import twin_frame, twin_option
from simulation.life import Life
from simulation.scenario.load import parse_scenario

SMALL = """name: Small
follow_up: 60 d
marrow: {rows: 3, columns: 4}
patient: {n_residual_blasts: 1e6 cells}
start: {when: day, day: day 10}
blinatumomab: {dose: 28 ug/day, on: 14 d, off: 14 d, cycles: 1}
dli: {cd3: [1e6/kg]}
"""


@pytest.fixture(scope="module")
def life() -> Life:
    followed = Life(parse_scenario(SMALL), 1)
    followed.run(30.0)
    return followed


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_no_cell_is_taken_for_a_formula_and_what_is_missing_is_empty() -> None:
    rows = list(
        csv.reader(
            io.StringIO(csv_text(["a", "=b"], [["=1+1", -1.5], ["-2", float("nan")], ['say "x", y', None]]))
        )
    )
    assert rows == [["a", "'=b"], ["'=1+1", "-1.5"], ["-2", ""], ['say "x", y', ""]]


def test_a_name_of_a_file_is_one_everywhere() -> None:
    assert file_name("Pre-emptive: ../etc/passwd\0 µ", "csv") == "pre-emptive-etc-passwd.csv"


def test_a_trajectory_is_written_in_full_precision(life: Life) -> None:
    rows = read(columns_csv(life.columns()))
    assert [float(row["blasts_cells"]) for row in rows] == life.columns()["blasts_cells"].tolist()
    both = read(twins_csv([life.columns(), life.columns()]))
    assert [row["twin"] for row in both] == ["A"] * len(rows) + ["B"] * len(rows)


def test_a_chart_of_powers_is_written_as_numbers(life: Life) -> None:
    shot = snapshot(life)
    rows = read(chart_csv(base_option(LIGHT), frame_option(shot, LIGHT)))
    shares = {float(row["days after transplant"]): row["blasts (of marrow cells)"] for row in rows}
    truth = dict(
        zip(shot.columns["day"].tolist(), shot.columns["marrow_blast_fraction"].tolist(), strict=True)
    )
    for day, share in shares.items():
        if share:
            assert float(share) == pytest.approx(truth[day], rel=2e-3)
    assert not any("original" in name for name in rows[0])
    twins = read(chart_csv(twin_option(DARK), twin_frame((shot, shot), None, DARK)))
    assert twins[5]["A: blasts (of marrow cells)"] == twins[5]["B: blasts (of marrow cells)"] != ""


def test_charts_of_cells_and_of_kinds_are_written_with_their_labels() -> None:
    axes = {
        "xAxis": {"type": "category", "name": "dose", "data": ["low", "high"]},
        "yAxis": {"name": "day", "data": ["1", "2"]},
    }
    heat = {**axes, "series": [{"type": "heatmap", "name": "mean", "data": [[0, 0, 1.5], [1, 1, None]]}]}
    assert read(chart_csv(heat, {})) == [
        {"dose": "low", "day": "1", "mean": "1.5"}, {"dose": "high", "day": "2", "mean": ""}
    ]  # fmt: skip
    lines = {**axes, "series": [{"name": "A", "data": [1.0, None]}, {"name": "B", "data": [2.0, 3.0]}]}
    assert read(chart_csv(lines, {})) == [
        {"dose": "low", "A": "1", "B": "2"},
        {"dose": "high", "A": "", "B": "3"},
    ]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_map_is_a_picture_by_itself(life: Life, layer: str, colours: object) -> None:
    shade = DARK if colours is DARK else LIGHT
    svg = ElementTree.fromstring(map_svg(paint(snapshot(life).layers, layer, shade), life.day, shade))
    words = " ".join(text for text in svg.itertext())
    assert LAYERS[layer].replace("&", "") in words and "day 30" in words


def test_a_map_is_written_niche_by_niche(life: Life) -> None:
    shot = snapshot(life)
    rows = read(layers_csv(shot.layers, shot.day))
    assert len(rows) == 12 and (rows[5]["row"], rows[5]["column"]) == ("2", "2")
    assert float(rows[5]["blasts"]) == shot.layers["blasts"][1, 1]


def test_the_burden_is_told_by_shade_and_the_engaged_by_dots() -> None:
    import base64

    from PIL import Image

    zero = np.zeros((1, 4))
    layers = {
        "blasts": np.array([[0.0, 1e3, 1e9, 1e9]]),
        "engaged": np.array([[0.0, 0.0, 1e2, 1e9]]),
        "normal": zero,
    }
    image = paint(layers, "burden", LIGHT)
    picture = Image.open(io.BytesIO(base64.b64decode(image.url.partition(",")[2])))
    side = picture.width // 4
    assert picture.height == side and (image.rows, image.columns) == (1, 4)
    corners = [picture.getpixel((side * i, 0)) for i in range(4)]
    assert corners[0] == rgb(LIGHT.empty) and corners[2] == corners[3]
    top = rgb(LIGHT.cells["blasts"])
    assert abs(corners[2][2] - top[2]) < abs(corners[1][2] - top[2])  # type: ignore[index]
    pixels = np.asarray(picture)
    dots = (pixels == rgb(LIGHT.cells["engaged"])).all(axis=2).reshape(side, 4, side).sum(axis=(0, 2))
    assert dots[0] == dots[1] == 0 < dots[2] < dots[3] < side * side / 2
