"""`python -m bench.planning`: compare methods, redraw, draw a district, or write made-up communities.

    python -m bench.planning --set com --first 3 --seeds 1 --budget 2
    python -m bench.planning --set sized --methods ours@3,cp-sat@90
    python -m bench.planning redraw --set com --budget 2
    python -m bench.planning district --first 66 --jobs 2
    python -m bench.planning speed --set com
    python -m bench.planning generate --set com --seed 5 --out com.jsonl.gz

    python -m bench.planning --set nanshan --data FOLDER --methods ours,metis

Without `--folder` the communities are made up from `--seed`; with it they are read from FOLDER/SET.jsonl.gz.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.planning.district import district
from bench.planning.generator import SETS, generate
from bench.planning.instances import Community, read, write
from bench.planning.redraw import redraws
from bench.planning.report import impossible, table
from bench.planning.run import Entry, best_known, compare
from bench.planning.workers import OURS

REAL = ("nanshan", "liechtenstein")

METHODS = (OURS, "gerrychain", "gerrychain-bursts", "metis", "kahip", "maxp", "cp-sat")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.planning", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "mode", nargs="?", default="compare", choices=("compare", "redraw", "district", "speed", "generate")
    )
    parser.add_argument("--set", dest="sets", action="append", choices=(*SETS, *REAL), help="may be given again")
    parser.add_argument("--folder", type=Path, help="read the sets from here; otherwise they are made up")
    parser.add_argument("--data", type=Path, help="the folder of real data, for the sets of real ground")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up communities")
    parser.add_argument("--first", type=int, help="only so many communities of each set")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each method on each community")
    parser.add_argument("--budget", type=float, default=5.0, help="CPU seconds for a community")
    parser.add_argument("--methods", default=",".join(METHODS), help="a method@SECONDS has a budget of its own")
    parser.add_argument("--jobs", type=int, default=1, help="communities side by side; district: processes")
    parser.add_argument("--effort", default="normal", choices=("draft", "normal", "thorough"), help="district: budget")
    parser.add_argument("--known", type=Path, help="best J ever seen of each community; updated")
    parser.add_argument("--out", type=Path, help="all records as JSON; generate: the set")
    return parser


def communities_of(options: argparse.Namespace, name: str) -> list[Community]:
    """Return the communities of a set, read or made up."""
    if name in REAL:
        if options.data is None:
            raise SystemExit(f"--set {name} is real ground; name the folder of real data with --data.")
        from bench.planning.real import real  # noqa: PLC0415 - gisgrid is loaded for real ground alone

        return real(name, options.data)[: options.first]
    if options.folder:
        return read(options.folder / f"{name}.jsonl.gz")[: options.first]
    return list(generate(name, options.seed, options.first))


def _compare(options: argparse.Namespace, names: list[str]) -> None:
    entries = [Entry.of(name, options.budget) for name in options.methods.split(",")]
    everything = {}
    for name in names:
        records = compare(communities_of(options, name), entries, options.seeds, options.jobs)
        known = best_known(records, options.known)
        everything[name] = records
        print(
            f"\n## {name}: {len({record['community'] for record in records})} communities, {options.seeds} seeds, "
            f"{options.budget:g} CPU s\n\n{table(records, known)}\n"
        )
        if hopeless := impossible(records):
            print(f"Proved to have no plan: {', '.join(hopeless)}\n")
        if options.out:
            options.out.write_text(json.dumps(everything) + "\n")


def main() -> None:
    """Run what the command line asks for."""
    options = _parser().parse_args()
    if options.mode == "compare":
        _compare(options, options.sets or ["tiny", "sized", "com"])
        return
    name = (options.sets or ["district" if options.mode == "district" else "com"])[0]
    communities = communities_of(options, name)
    if options.mode == "redraw":
        print(redraws(communities, options.seeds, options.budget))
    elif options.mode == "speed":
        from bench.planning.speed import speed  # noqa: PLC0415 - gisgrid is loaded for this alone

        print(speed(communities))
    elif options.mode == "district":
        print(district(communities, options.jobs, best_known([], options.known), options.effort))
    else:
        write(options.out or Path(f"{name}.jsonl.gz"), communities)


if __name__ == "__main__":
    main()
