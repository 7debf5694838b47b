"""How long a planner waits for advice on a plan, asked of a running service: previews, explanations, suggestions.

Run: `python bench/advice.py http://127.0.0.1:8000 KEY PLAN` with a planner's key. Changes nothing.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from statistics import quantiles

import httpx

PREVIEWS = 300
WARM_UP = 20
SUGGESTIONS = 5


def timed(ask: Callable[[], httpx.Response]) -> float:
    """Return the milliseconds of a request that was answered well."""
    begun = time.perf_counter()
    answer = ask()
    passed = (time.perf_counter() - begun) * 1000.0
    answer.raise_for_status()
    return passed


def line(name: str, milliseconds: list[float]) -> str:
    """Return a row of the table: median and 95th percentile."""
    cuts = quantiles(milliseconds, n=20)
    return f"| {name} | {len(milliseconds)} | {cuts[9]:.1f} | {cuts[18]:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("key")
    parser.add_argument("plan")
    options = parser.parse_args()
    chance = random.Random(1)
    with httpx.Client(
        base_url=options.url, headers={"Authorization": f"Bearer {options.key}"}, timeout=60.0, trust_env=False
    ) as client:
        base = f"/v1/plans/{options.plan}"
        grids = client.get(base).raise_for_status().json()["grids"]
        features = client.get(f"{base}/buildings").raise_for_status().json()["features"]
        codes = [feature["properties"]["code"] for feature in features]

        def preview() -> httpx.Response:
            body = {"buildings": chance.sample(codes, chance.choice([1, 1, 2, 5])), "to": chance.choice(grids)["key"]}
            return client.post(f"{base}/preview", json=body)

        def suggestion(**asked: object) -> list[float]:
            return [
                timed(lambda seed=seed: client.post(f"{base}/suggestions", json={**asked, "seed": seed}))
                for seed in range(SUGGESTIONS)
            ]

        largest = max(
            (grid for grid in grids if grid["kind"] == "residential"),
            key=lambda grid: grid["households"] if grid["buildings"] > 1 else 0,
        )
        print(f"{len(codes)} buildings, {len(grids)} grids\n")
        print("| asked | times | median ms | p95 ms |\n|---|---|---|---|")
        print(line("preview", [timed(preview) for _ in range(PREVIEWS + WARM_UP)][WARM_UP:]))
        print(line("explanations", [timed(lambda: client.get(f"{base}/explanations")) for _ in range(10)]))
        print(line("split of the largest grid", suggestion(op="split", grid=largest["key"])))
        print(line("balance, 300 households at most", suggestion(op="balance", most_households=300)))


if __name__ == "__main__":
    main()
