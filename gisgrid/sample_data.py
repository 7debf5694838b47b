"""Where the bundled sample lies, and the order in which its files are imported.

Room: beside the front doors; imports nothing of gisgrid but the words. In: nothing. Out: a folder and a list of files.

In a wheel the repository's `data/` is shipped as `gisgrid/sample`; in a source checkout (and an editable installation
of one) it is `data/` itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gisgrid.model import LayerName


@dataclass(frozen=True, slots=True)
class SampleLayer:
    """One file of the sample and how it is imported.

    Attributes
    ----------
    layer
        The layer's name, as `gisgrid import` takes it.
    file_name
        The file in the sample's folder.
    crs
        The coordinate system to declare, where the file carries none.
    estimate_households
        Whether the households are to be estimated from floors and footprint.
    """

    layer: LayerName
    file_name: str
    crs: str | None = None
    estimate_households: bool = False


SAMPLE_LAYERS: Final = (
    SampleLayer("divisions", "divisions.geojson"),
    SampleLayer("barriers", "barriers.geojson"),
    SampleLayer("estates", "estates.geojson"),
    SampleLayer("buildings", "buildings.geojson"),
    SampleLayer("buildings", "buildings_new_estate.geojson", estimate_households=True),
    SampleLayer("households", "households.csv"),
    SampleLayer("ties", "ties.csv"),
    SampleLayer("sites", "dedicated_sites.geojson"),
    SampleLayer("sites", "service_sites_gcj02.csv", crs="gcj02"),
    SampleLayer("categories", "categories.csv"),
)
# These name grids or need them, so they come after the first publication.
SAMPLE_POSTS: Final = SampleLayer("posts", "posts.xlsx")
SAMPLE_REPORTS: Final = (
    SampleLayer("reports", "reports.csv"),
    SampleLayer("reports", "reports_wrong_crs.csv"),
)


def sample_folder() -> Path:
    """Return the folder of the sample.

    Raises
    ------
    FileNotFoundError
        The installation holds no sample, neither shipped nor in a checkout.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "sample", package.parent / "data"):
        if (folder / "divisions.geojson").is_file():
            return folder
    raise FileNotFoundError(
        f"No sample beside {package}: install gisgrid from its wheel or work in a checkout, which carry it."
    )
