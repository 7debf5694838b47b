"""How often the drift watch is right, on the buildings of a real district.

Points are drawn at buildings of Nanshan (or anywhere) with noise, sent under each system and declared as each: a wrong
declaration should be found, a true one never accused.

    python bench/drift.py ../shared/data/shenzhen_nanshan.gpkg [--trials 10]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyogrio
import shapely

from gisgrid.dispatch.drift import SYSTEMS, judge_source
from gisgrid.geometry.crs import from_wgs84

METRE = 1.0 / 111_320.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("buildings", type=Path)
    parser.add_argument("--trials", type=int, default=10)
    options = parser.parse_args()
    footprints = pyogrio.read_dataframe(options.buildings, layer="buildings").geometry.to_numpy()
    centres = shapely.get_coordinates(shapely.centroid(footprints))
    low, high = centres.min(axis=0), centres.max(axis=0)
    print("| points | noise | number | wrong system found | true accused | CPU ms each |")
    print("|---|---|---|---|---|---|")
    for kind, noise_m, number in [
        *(("at buildings", noise_m, number) for noise_m in (5, 10, 20) for number in (100, 200, 500)),
        ("anywhere", 0, 500),
    ]:
        wrong: list[bool] = []
        accused: list[bool] = []
        begun = time.process_time()
        for trial in range(options.trials):
            chance = np.random.default_rng(trial)
            points = centres[chance.integers(0, len(centres), number)]
            if kind == "anywhere":
                points = chance.uniform(low, high, (number, 2))
            points = points + chance.normal(0, noise_m * METRE, points.shape)
            for true in SYSTEMS:
                lon, lat = from_wgs84(points[:, 0], points[:, 1], true)
                for declared in SYSTEMS:
                    fitting = judge_source(lon, lat, declared, footprints).fitting
                    (accused if declared == true else wrong).append(fitting is not None and fitting != declared)
        each_ms = (time.process_time() - begun) / (len(wrong) + len(accused)) * 1000
        found = "—" if kind == "anywhere" else f"{np.mean(wrong):.0%}"
        print(
            f"| {kind} | {noise_m} m | {number} | {found} | {sum(accused)} of {len(accused)} | {each_ms:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
