"""Vector files through GDAL: Shapefile (also zipped), GeoPackage, GeoJSON, FlatGeobuf, KML, MapInfo, GML, DXF.

Room: ingest. In: the path of a file. Out: a `RawTable` with geometry and the file's own coordinate system. Writes
nothing but a temporary folder for a zipped shapefile.

Only the formats named here are read, each only when its first bytes are that format's own, and by a GDAL that has no
other driver (`gdal_child`). A damaged file is told from its own header before GDAL restores what it can in silence.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisgrid.errors import UnreadableFile, UsageError
from gisgrid.ingest.delimited import EVERYDAY_SHARE, everyday_share
from gisgrid.ingest.raw import RawTable
from gisgrid.model import Finding, Rule

SIGNATURES: Final[dict[str, re.Pattern[bytes]]] = {
    ".shp": re.compile(rb"\x00\x00\x27\x0a"),
    ".gpkg": re.compile(rb"SQLite format 3\x00"),
    ".geojson": re.compile(rb"(\xef\xbb\xbf)?\s*\{"),
    ".json": re.compile(rb"(\xef\xbb\xbf)?\s*\{"),
    ".geojsons": re.compile(rb"(\xef\xbb\xbf)?\x1e?\s*\{"),
    ".geojsonl": re.compile(rb"(\xef\xbb\xbf)?\x1e?\s*\{"),
    ".fgb": re.compile(rb"fgb\x03fgb"),
    ".kml": re.compile(rb"(\xef\xbb\xbf)?\s*<(\?xml|kml)"),
    ".gml": re.compile(rb"(\xef\xbb\xbf)?\s*<"),
    ".tab": re.compile(rb"\s*!table", re.IGNORECASE),
    ".mif": re.compile(rb"\s*version", re.IGNORECASE),
    ".dxf": re.compile(rb"\s*(0|999)\s*[\r\n]"),
}
"""Extension → how such a file begins."""

OTHER_DRIVERS: Final = (
    "MEM PCIDSK PDS4 VICAR PDF MBTiles EEDA OGCAPI GDALG LVBAG S57 DGN OGR_VRT CSV GPX ESRIJSON TopoJSON OGR_GMT "
    "SQLite WAsP OpenFileGDB GeoRSS VFK PGDUMP OSM GPSBabel OGR_PDS WFS OAPIF EDIGEO Idrisi ODS XLSX Elasticsearch "
    "Carto AmigoCloud SXF Selafin JML PLSCENES CSW VDV MVT NGW MapML GTFS PMTiles JSONFG MiraMonVector ADBC AVCBin "
    "AVCE00 AIVector HTTP"
)
"""What GDAL 3.12 has besides the formats we read; newer ones the child finds itself, at the price of a second start."""

GDAL_APART: Final = MappingProxyType(
    {
        "GDAL_SKIP": OTHER_DRIVERS.replace(" ", ","),
        "GML_SKIP_RESOLVE_ELEMS": "ALL",  # xlink:href would read other files
        "GML_DOWNLOAD_SCHEMA": "NO",
        "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    }
)
"""The environment of every process that opens foreign files with GDAL."""

SHAPEFILE_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")


class Limits(NamedTuple):
    """How long a file may be read, and to how many bytes a zip archive may unpack."""

    seconds: int = 900
    unzipped: int = 2 * 1024**3


UNHURRIED: Final = Limits()

FORMAT_WARNING = Rule(
    "format_warning",
    "info",
    "Reading the file, GDAL remarked: {remark}",
    "读取文件时 GDAL 提示：{remark}",
)
CURVES_LINEARISED = Rule(
    "curves_linearised",
    "info",
    "The file holds curves ({what}); they were replaced by short straight lines.",
    "文件含曲线几何（{what}），已转换为折线。",
)
TEXTS_READ_AS_GB18030 = Rule(
    "texts_read_as_gb18030",
    "info",
    "The shapefile does not say in which encoding its texts are; they were read as GB18030 (GBK). "
    "Add a .cpg file to settle it.",
    "Shapefile 未声明文字编码，已按 GB18030（GBK）读取。可增加 .cpg 文件说明编码。",
)


def read_vector(path: Path, wanted: Sequence[str], limits: Limits = UNHURRIED) -> RawTable:
    """Return the features of a vector file.

    Parameters
    ----------
    path
        A file with an extension of `SIGNATURES`, or a `.zip` with one shapefile in it.
    wanted
        Names of layers inside the file in order of preference, where it has several.

    Raises
    ------
    UnreadableFile
        Another format than its name says, damaged, incomplete, or without the companions of a shapefile.
    UsageError
        Several layers and none of those wanted.
    """
    if path.suffix.lower() == ".zip":
        with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
            return read_vector(_unzipped_shapefile(path, Path(folder), limits), wanted, limits)
    require_signature(path)
    encoding, findings = "", list[Finding]()
    if path.suffix.lower() == ".shp":
        require_whole_shapefile(path)
        encoding, findings = shapefile_encoding(path)
    elif path.suffix.lower() == ".gpkg":
        require_whole_geopackage(path)
    head, wkb = _run_child(path, wanted, encoding, limits.seconds)
    if "columns" not in head:
        raise UsageError(
            f"{path.name} has several layers ({', '.join(head['layers'])}); "
            f"name the one to read as {path.name}|layername=NAME."
        )
    _require_all_features(path, head)
    if curve := find_curve(path):
        findings.append(CURVES_LINEARISED.finding(what=curve))
    return _as_table(head, wkb, findings)


def _as_table(head: dict[str, Any], wkb: NDArray[np.object_], findings: list[Finding]) -> RawTable:
    """Return what the child read as a table."""
    findings = [*findings, *(FORMAT_WARNING.finding(remark=each[:300]) for each in dict.fromkeys(head["warnings"]))]
    # Ordinates that are not finite are findings of the rows, told in our own words.
    with np.errstate(invalid="ignore"):
        geometry = np.asarray(shapely.from_wkb(wkb, on_invalid="fix"), dtype=object) if len(wkb) else None
    return RawTable(
        cells=head["columns"],
        lines=np.arange(1, head["rows"] + 1, dtype=np.int64),
        unit="feature",
        geometry=geometry,
        crs=head["crs"] or None,
        typed=True,
        findings=tuple(findings),
    )


def find_curve(path: Path) -> str | None:
    """Return the first kind of curve that a file holds by its own words, or None.

    GDAL hands every curve over as short lines and does not tell: GeoPackage registers curves as an extension (OGC
    12-128, annex F.1), GML and DXF name them in their text, the other formats have none.
    """
    match path.suffix.lower():
        case ".gpkg":
            types = _geopackage_types(path)
            return next((each for each in types if re.search("CURVE|CIRCULAR|SURFACE", each.upper())), None)
        case ".gml":
            pattern = rb"<(?:\w+:)?(Arc\w*|Circle\w*|\w*Spline|Clothoid)\b"
        case ".dxf":
            pattern = rb"[\r\n]\s*0\s*[\r\n]+(ARC|CIRCLE|ELLIPSE|SPLINE)\s*[\r\n]"
        case _:
            return None
    found = re.search(pattern, path.read_bytes())
    return found.group(1).decode("ascii", "replace") if found else None


def _geopackage_types(path: Path) -> list[str]:
    """Return the geometry types that a GeoPackage declares."""
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as package:
        try:
            rows = package.execute("SELECT geometry_type_name FROM gpkg_geometry_columns").fetchall()
        except sqlite3.Error:  # a package of plain tables has no such table
            return []
    return [str(name) for (name,) in rows]


def _run_child(
    path: Path, wanted: Sequence[str], encoding: str, seconds: int
) -> tuple[dict[str, Any], NDArray[np.object_]]:
    """Return the head and the WKB of every feature (None where it has no geometry), read by the process apart."""
    command = [sys.executable, "-m", "gisgrid.ingest.gdal_child"]
    environment = {**os.environ, **GDAL_APART, "OPENBLAS_NUM_THREADS": "1"}
    arguments = [*command, str(path.absolute()), json.dumps(list(wanted)), encoding]
    try:
        done = subprocess.run(arguments, capture_output=True, env=environment, timeout=seconds, check=False)  # noqa: S603  our own module, the path is an argument
    except subprocess.TimeoutExpired as fault:
        raise UnreadableFile(
            f"{path.name} could not be read within {seconds} s; split it into smaller files."
        ) from fault
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1][:300] if said else f"the reader ended with status {done.returncode}"
        raise UnreadableFile(
            f"{path.name} cannot be read ({reason}); it is damaged or incomplete: export it again, best as GeoPackage."
        )
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as archive:
        head: dict[str, Any] = json.loads(archive["head"].tobytes())
        content, ends = archive["wkb"].tobytes(), archive["ends"].tolist()
    starts = [0, *ends[:-1]]
    wkb = np.array([content[a:b] if b > a else None for a, b in zip(starts, ends, strict=False)], dtype=object)
    return head, wkb


def require_signature(path: Path) -> None:
    """Refuse a file whose first bytes are not those of the format that its name promises."""
    pattern = SIGNATURES.get(path.suffix.lower())
    if pattern is None:
        known = " ".join(sorted([*SIGNATURES, ".csv", ".xlsx", ".zip"]))
        raise UnreadableFile(f"{path.name} is not of a format that gisgrid reads; it reads {known}.")
    with path.open("rb") as file:
        start = file.read(4096)
    if not pattern.match(start):
        raise UnreadableFile(
            f"{path.name} does not begin like a {path.suffix.lower()} file; export it again, or give it its true "
            "extension."
        )


def require_whole_shapefile(path: Path) -> None:
    """Refuse a shapefile that is shorter than its own header says, or that lacks a companion.

    The file length stands in bytes 24-27, big-endian, in 16-bit words (source: ESRI Shapefile Technical Description,
    July 1998).
    """
    for suffix in (".shx", ".dbf"):
        if _companion(path, suffix) is None:
            raise UnreadableFile(
                f"{path.name} lacks its companion {path.stem}{suffix}; put it beside it, or zip all parts."
            )
    for part in (path, _companion(path, ".shx")):
        assert part is not None  # noqa: S101  the loop above has looked
        with part.open("rb") as file:
            header = file.read(28)
        promised = struct.unpack(">i", header[24:28])[0] * 2 if len(header) == 28 else 100
        if part.stat().st_size < promised:
            raise UnreadableFile(
                f"{part.name} is truncated: its header promises {promised} bytes, it has {part.stat().st_size}; "
                "copy or export it again."
            )


def require_whole_geopackage(path: Path) -> None:
    """Refuse a GeoPackage that is shorter than its pages (source: SQLite file format, header bytes 16 and 28)."""
    with path.open("rb") as file:
        header = file.read(32)
    size, pages = struct.unpack(">H", header[16:18])[0], struct.unpack(">I", header[28:32])[0]
    promised = (65536 if size == 1 else size) * pages
    if path.stat().st_size < promised:
        raise UnreadableFile(
            f"{path.name} is truncated: its header promises {promised} bytes, it has {path.stat().st_size}; "
            "copy it again."
        )


def _require_all_features(path: Path, head: dict[str, Any]) -> None:
    """Refuse a file from which fewer features came than it says it has."""
    if 0 <= head["features"] != head["rows"]:
        raise UnreadableFile(
            f"{path.name} says it has {head['features']} features, but {head['rows']} could be read; "
            "it is damaged: export it again."
        )


def _companion(path: Path, suffix: str) -> Path | None:
    """Return the part of a shapefile with that suffix, in either case of letters, or None."""
    for each in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if each.exists():
            return each
    return None


def shapefile_encoding(path: Path) -> tuple[str, list[Finding]]:
    """Return the encoding of the texts of a shapefile that does not declare one, or "" where GDAL knows it.

    Chinese shapefiles are mostly GBK without a .cpg; byte 29 of the .dbf is the language driver (0: none).
    """
    table = _companion(path, ".dbf")
    if table is None or _companion(path, ".cpg") is not None:
        return "", []
    content = table.read_bytes()
    if len(content) < 32 or content[29] not in (0x00, 0x4D, 0x57):  # none, GBK, "ANSI"
        return "", []
    header = struct.unpack("<H", content[8:10])[0]
    rows = content[header:]
    try:
        rows.decode("utf-8")
    except UnicodeDecodeError:
        if everyday_share(rows) >= EVERYDAY_SHARE:
            return "GB18030", [TEXTS_READ_AS_GB18030.finding()]
        return "", []
    return "UTF-8", []


def _unzipped_shapefile(path: Path, folder: Path, limits: Limits) -> Path:
    """Return the shapefile of a zip archive, unpacked under a name of our own into `folder`."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir() and "__MACOSX" not in each.filename]
            shapes = [each for each in members if each.filename.lower().endswith(".shp")]
            if len(shapes) != 1:
                raise UnreadableFile(
                    f"{path.name} holds {len(shapes)} shapefiles; zip exactly one with its companions."
                )
            stem = PurePosixPath(shapes[0].filename).with_suffix("")
            parts = [each for each in members if PurePosixPath(each.filename).with_suffix("") == stem]
            if sum(each.file_size for each in parts) > limits.unzipped:
                raise UnreadableFile(f"{path.name} unpacks to more than {limits.unzipped >> 20} MB; split it.")
            for each in parts:
                suffix = PurePosixPath(each.filename).suffix.lower()
                if suffix in SHAPEFILE_PARTS:
                    (folder / f"{path.stem}{suffix}").write_bytes(archive.read(each))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as fault:
        raise UnreadableFile(
            f"{path.name} is no readable zip archive ({fault}); pack it again without password."
        ) from fault
    return folder / f"{path.stem}.shp"
