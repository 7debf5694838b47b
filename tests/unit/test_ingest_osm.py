"""OpenStreetMap extracts: what tags mean, crossings, boundaries, buildings once."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pytest
import shapely
from shapely import LineString, Point

from gisgrid.errors import RefusedData, UnreadableFile, UsageError
from gisgrid.ingest import osm_tags
from gisgrid.ingest.osm import OsmLayers, read_osm
from gisgrid.ingest.osm_crossings import Way, crossings
from gisgrid.ingest.osm_divisions import Boundary, choose_communities, communities_of_area


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "trunk"}, "main_road"),
        ({"highway": "primary", "bridge": "yes"}, "main_road"),
        ({"highway": "primary", "tunnel": "yes"}, None),
        ({"highway": "primary_link"}, "street"),
        ({"highway": "residential"}, "street"),
        ({"highway": "service"}, None),
        ({"highway": "footway"}, None),
        ({"highway": "construction"}, None),
        ({"railway": "rail"}, "railway"),
        ({"railway": "rail", "service": "siding"}, None),
        ({"railway": "abandoned"}, None),
        ({"railway": "subway", "tunnel": "yes"}, None),
        ({"waterway": "river"}, "river"),
        ({"waterway": "canal", "tunnel": "culvert"}, None),
        ({"waterway": "stream"}, None),
        ({"barrier": "city_wall"}, "wall"),
        ({"barrier": "fence"}, None),
    ],
)
def test_what_parts_a_town(tags: dict[str, str], kind: str | None) -> None:
    assert osm_tags.barrier_kind(tags) == kind


@pytest.mark.parametrize(
    ("tags", "floors", "height_m"),
    [
        ({"building:levels": "6"}, 6, None),
        ({"building:levels": "1.5", "height": "7,5 m"}, 2, 7.5),
        ({"building:levels": "-1", "height": "0"}, None, None),
        ({"building:levels": "many", "height": "30'"}, None, None),
        ({"building:levels": "9999"}, None, None),
    ],
)
def test_how_high_a_building_is(tags: dict[str, str], floors: int | None, height_m: float | None) -> None:
    assert (osm_tags.floors(tags), osm_tags.height_m(tags)) == (floors, height_m)


@pytest.mark.parametrize(
    ("tags", "use"),
    [
        ({"building": "apartments"}, "apartments"),
        ({"building": "yes"}, None),
        ({"building": "yes", "amenity": "school"}, "public"),
        ({"building": "yes", "amenity": "restaurant"}, None),  # people live above it
        ({"building": "yes", "office": "company"}, "office"),
        ({"building": "yes", "power": "substation"}, "service"),
    ],
)
def test_what_a_building_is_used_for(tags: dict[str, str], use: str | None) -> None:
    assert osm_tags.building_use(tags) == use


@pytest.mark.parametrize(
    ("use", "area_m2", "answer"),
    [(None, 49.0, False), (None, 51.0, True), ("shed", 500.0, False), ("house", 30.0, True)],
)
def test_who_lives_there(use: str | None, area_m2: float, answer: bool) -> None:
    assert osm_tags.lived_in(use, area_m2) is answer


def test_a_boundary_without_a_code_of_its_own_gets_one_that_no_province_has() -> None:
    assert osm_tags.division_code({}, 1155956) == "990001155956"
    assert osm_tags.division_code({"ref:CN": "440305001001"}, 7) == "440305001001"
    assert osm_tags.division_code({"ref": "A1"}, 7) == "990000000007"


NORTH_SOUTH = LineString([(0, -1), (0, 1)])
WEST_EAST = LineString([(-1, 0), (1, 0)])


@pytest.mark.parametrize(
    ("barrier", "way", "found"),
    [
        (Way(NORTH_SOUTH, "river", False, False), Way(WEST_EAST, "main_road", True, True), True),  # a bridge
        (Way(NORTH_SOUTH, "railway", True, False), Way(WEST_EAST, "street", False, True), True),  # below a viaduct
        (Way(NORTH_SOUTH, "main_road", False, True), Way(WEST_EAST, None, True, True), True),  # a footbridge
        (Way(NORTH_SOUTH, "main_road", False, True), Way(WEST_EAST, None, False, True), False),  # a zebra
        (Way(NORTH_SOUTH, "main_road", False, True), Way(WEST_EAST, "main_road", True, True), False),  # an interchange
        (Way(NORTH_SOUTH, "river", False, False), Way(WEST_EAST, "railway", True, False), False),  # trains only
        (Way(NORTH_SOUTH, "street", False, True), Way(WEST_EAST, None, True, True), False),  # parts nobody
        (
            Way(NORTH_SOUTH, "river", False, False),
            Way(LineString([(0, 0), (1, 0)]), None, True, True),
            False,
        ),  # ends there
    ],
)
def test_where_a_barrier_can_be_passed(barrier: Way, way: Way, found: bool) -> None:
    assert crossings([barrier, way], [], []) == ([Point(0, 0)] if found else [])


def test_level_crossings_and_gates_count_where_their_barrier_is() -> None:
    ways = [Way(NORTH_SOUTH, "railway", False, False), Way(WEST_EAST, "wall", False, False)]
    on_rails, gates = [Point(0, 0.5), Point(0.5, 0)], [Point(0.7, 0), Point(0, 0.7)]
    assert crossings(ways, on_rails, gates) == [Point(0, 0.5), Point(0.7, 0)]


def _boundary(relation: int, level: str, x: float, size: float = 1.0) -> Boundary:
    return Boundary(relation, {"admin_level": level, "name": f"n{relation}"}, shapely.box(x, 0, x + size, 1))


def _houses(*xs: float) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(geometry=[shapely.box(x, 0.5, x + 0.01, 0.51) for x in xs], crs=4326)


def test_the_finest_level_that_holds_the_buildings_makes_the_communities() -> None:
    boundaries = [
        *(_boundary(1, "6", 0, 2), _boundary(2, "8", 0), _boundary(3, "8", 1)),
        *(_boundary(4, "10", 0, 0.2), _boundary(5, "x", 0)),  # one hamlet alone is no tiling
    ]
    divisions, findings = choose_communities(boundaries, _houses(0.1, 0.5, 1.1, 1.5))
    assert divisions["code"].tolist() == ["990000000002", "990000000003"]
    assert findings[0].values == {"count": 2, "level": 8, "outside": 0, "buildings": 4}


def test_boundaries_that_overlap_are_no_tiling() -> None:
    boundaries = [_boundary(1, "8", 0, 2), _boundary(2, "8", 1, 1), _boundary(3, "6", 0, 2)]
    divisions, _ = choose_communities(boundaries, _houses(0.1, 1.5))
    assert divisions["code"].tolist() == ["990000000003"]


def test_no_boundary_names_the_two_remedies() -> None:
    with pytest.raises(UsageError, match=r"--area FILE, or .* --community CODE=NAME"):
        choose_communities([_boundary(1, "8", 5)], _houses(0.1))


OSM = """<?xml version="1.0"?><osm version="0.6" generator="drawn by hand">
{nodes}
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
  <tag k="building" v="apartments"/><tag k="building:levels" v="6"/><tag k="name" v="1号楼"/>
  <tag k="addr:street" v="人民路"/><tag k="addr:housenumber" v="12"/></way>
<way id="2"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="5"/><tag k="building" v="yes"/></way>
<way id="3"><nd ref="9"/><nd ref="10"/><nd ref="11"/><nd ref="12"/><nd ref="9"/></way>
<way id="4"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building:part" v="yes"/></way>
<way id="5"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="building" v="house"/></way>
<way id="6"><nd ref="1"/><nd ref="99"/><nd ref="7"/><nd ref="8"/><tag k="highway" v="residential"/></way>
<way id="7"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="no"/></way>
<relation id="1"><member type="way" ref="2" role="outer"/><member type="way" ref="3" role="inner"/>
  <tag k="type" v="multipolygon"/><tag k="building" v="apartments"/></relation>
<relation id="2"><member type="way" ref="98" role="outer"/><tag k="type" v="boundary"/>
  <tag k="boundary" v="administrative"/><tag k="admin_level" v="8"/><tag k="name" v="半个镇"/></relation>
</osm>"""


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Two blocks of flats, the second with a court and its outline tagged twice; a half boundary, a cut street."""
    corners = [
        *((0, 0), (4, 0), (4, 1), (0, 1)),
        *((10, 0), (20, 0), (20, 10), (10, 10)),
        *((12, 2), (18, 2), (18, 8), (12, 8)),
    ]
    nodes = "\n".join(
        f'<node id="{n}" lat="{22.5 + y * 1e-4:.7f}" lon="{113.9 + x * 1e-4:.7f}"/>'
        for n, (x, y) in enumerate(corners, 1)
    )
    path = tmp_path / "town.osm"
    path.write_text(OSM.format(nodes=nodes), encoding="utf-8")
    return path


def _read(path: Path) -> OsmLayers:
    return read_osm(path, community=("440305001001", "桃源社区"))


def test_a_building_counts_once(drawn: Path) -> None:
    buildings = _read(drawn).buildings
    assert buildings["code"].tolist() == ["osm:r1", "osm:w1"]
    assert buildings[["name", "address", "floors", "use"]].values.tolist() == [
        [None, None, None, "apartments"],
        ["1号楼", "人民路 12", 6, "apartments"],
    ]
    assert shapely.get_num_interior_rings(shapely.get_parts(buildings.geometry[0])).tolist() == [1]
    assert set(buildings["household_source"]) == {"estimated"}
    metres = 10.29 * 11.08  # 1e-4 degrees squared at 22.5 N
    assert buildings["households"].tolist() == [
        pytest.approx(metres * 64 * 4 / 100, abs=1),  # its court taken out, four floors by default
        pytest.approx(metres * 4 * 6 / 100, abs=1),
    ]


def test_what_an_extract_lacks_is_told_and_stops_nothing(drawn: Path) -> None:
    read = _read(drawn)
    rules = [finding.rule for finding in read.findings]
    assert rules == [
        *("incomplete_boundaries", "broken_lines", "outlines_once"),
        *("osm_households_estimated", "community_from_extent"),
    ]
    assert "半个镇" in read.findings[0].message
    assert read.findings[2].codes == ("osm:w2",)
    assert read.barriers["kind"].tolist() == ["street"]
    assert len(read.barriers.geometry[0].coords) == 2  # from the missing node on


def test_the_extent_is_a_community_that_holds_every_building(drawn: Path) -> None:
    read = _read(drawn)
    assert read.divisions[["code", "name", "level"]].values.tolist() == [["440305001001", "桃源社区", "community"]]
    assert read.buildings.within(read.divisions.geometry[0]).all()


def test_an_area_makes_the_communities(drawn: Path, tmp_path: Path) -> None:
    area = tmp_path / "area.geojson"
    shape = shapely.to_geojson(shapely.box(113.89, 22.49, 113.91, 22.51))
    area.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"440305001002","name":"x"},'
        f'"geometry":{shape}}}]}}'
    )
    assert read_osm(drawn, area=area).divisions["code"].tolist() == ["440305001002"]
    area.write_text(area.read_text().replace("440305001002", "440305"))
    with pytest.raises(RefusedData, match="community's code of 12 digits"):
        communities_of_area(area)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"community": ("44", "x")}, "has 12 digits"),
        ({"community": ("440305001001", "x"), "area": Path("x.gpkg")}, "give one of them"),
        ({}, "--area FILE"),
    ],
)
def test_calls_that_say_no_community(drawn: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_osm(drawn, **options)  # type: ignore[arg-type]  # as the table above gives them


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("town.osm.pbf", b"not a pbf at all", "cannot be read as an OpenStreetMap file"),
        ("town.osm", b"<osm><node id='1' lat='x'/></osm>", "cannot be read as an OpenStreetMap file"),
        ("town.geojson", b"{}", "is no OpenStreetMap extract"),
    ],
)
def test_files_that_are_no_extracts(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        read_osm(tmp_path / name)


def test_a_truncated_extract_is_refused(tmp_path: Path, shared_data: Path) -> None:
    whole = (shared_data / "liechtenstein.osm.pbf").read_bytes()
    (tmp_path / "half.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="download or extract it again"):
        read_osm(tmp_path / "half.osm.pbf")


def test_liechtenstein_whole(shared_data: Path) -> None:
    read = read_osm(shared_data / "liechtenstein.osm.pbf")
    assert len(read.buildings) == 14_032 - 1  # areas in the data's own README; one outline is a relation's
    incomplete = next(finding for finding in read.findings if finding.rule == "incomplete_boundaries")
    assert incomplete.values["count"] == len(incomplete.codes) == 25
    shapes = dict(zip(read.divisions["name"], read.divisions.geometry, strict=True))
    assert len(shapes) == 11
    parts = {name: len(shapely.get_parts(shape)) for name, shape in shapes.items()}
    holes = {
        name: int(shapely.get_num_interior_rings(shapely.get_parts(shape)).sum()) for name, shape in shapes.items()
    }
    assert (parts["Vaduz"], parts["Planken"], parts["Schaan"]) == (7, 5, 5)
    assert (holes["Planken"], holes["Schaan"]) == (2, 2)
    assert (read.barriers["kind"] == "crossing").sum() > 50
    assert read.buildings["households"].min() == 0
    # About 39,000 people lived there: the estimate must be of that order, not ten times off.
    assert 10_000 < read.buildings["households"].sum() < 40_000
