"""Words of reports against a register of 30,000 buildings: is the right one found, how soon, and how pg_trgm does.

The register is made up and seeded: 600 estates of 40 buildings, and 6,000 street addresses. A text names one building
in a spelling that people use, alone or within a sentence; recall is the share of texts whose building is the first (or
among the first five) candidates. The peer is pg_trgm on the same names in a PostGIS of its own, in a database whose
locale knows ideograms as letters: the names of the greatest `word_similarity` to the text, as it comes and after our
normal form.

    python bench/matching.py [--texts 1000] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from gisgrid.dispatch.addresses import normalise
from gisgrid.dispatch.matching import PlaceIndex, PlaceName
from gisgrid.store.cluster import Cluster

FIRST = "龙凤嘉科苑锦绣春江名都南山海岸万象滨河翠竹丽景阳光金桂碧水蓝天和平幸福建设团结东风向荣"
ESTATE_ENDINGS = ("花园", "家园", "苑", "小区", "新村", "雅居", "公馆", "城")
ROAD_ENDINGS = ("路", "街", "大道", "北路", "西街")
PLAIN, WIDE = "0123456789", "０１２３４５６７８９"
DIGITS = "零一二三四五六七八九"
SENTENCES = ("{}门口的路灯坏了", "您好，我住{}，楼上漏水", "{}垃圾没人清运，麻烦处理一下", "反映{}消防通道被占")
ESTATES, BUILDINGS_EACH, ROADS, NUMBERS_EACH = 600, 40, 200, 30


def spoken(number: int) -> str:
    """Return a number below 100 as it is said."""
    tens, ones = divmod(number, 10)
    return ((DIGITS[tens] if tens > 1 else "") + "十" if tens else "") + (DIGITS[ones] if ones or not tens else "")


def register(chance: random.Random) -> list[PlaceName]:
    """Return the names of a made-up town."""
    stems: set[str] = set()
    while len(stems) < ESTATES + ROADS:
        length = chance.choice((2, 2, 3))
        ending = chance.choice(ESTATE_ENDINGS if len(stems) < ESTATES else ROAD_ENDINGS)
        stems.add("".join(chance.sample(FIRST, length)) + ending)
    ordered = sorted(stems)
    estates = [stem for stem in ordered if stem.endswith(ESTATE_ENDINGS)]
    roads = [stem for stem in ordered if not stem.endswith(ESTATE_ENDINGS)]
    names = [PlaceName("estate", name, name) for name in estates]
    names += [
        PlaceName("building", f"{name}/{n}", f"{n}幢", name) for name in estates for n in range(1, BUILDINGS_EACH + 1)
    ]
    names += [
        PlaceName("building", f"{name}/{n}", f"{name}{n}号") for name in roads for n in range(1, 2 * NUMBERS_EACH, 2)
    ]
    return names


def spelled(name: PlaceName, chance: random.Random) -> str:
    """Return a building as somebody says or types it."""
    stem, number = name.code.split("/")
    said = chance.choice((number, spoken(int(number)), number.translate(str.maketrans(PLAIN, WIDE))))
    if name.of_estate is None:
        return f"{stem}{said}号"
    unit = chance.choice(("栋", "幢", "号楼", "座", "#", "＃楼"))
    flat = chance.choice(("", "", "2单元", "二单元501室", "-2-501", "1门302"))
    return f"{stem}{chance.choice(('', '', ' ', '的'))}{said}{unit}{flat}"


def with_typo(text: str, chance: random.Random) -> str:
    """Return the text with one of the name's first characters replaced: a wrong ideogram of the same sound."""
    position = chance.randrange(3)
    return text[:position] + chance.choice("园峰佳柯园景青瓜") + text[position + 1 :]


def recall(found: Sequence[Sequence[str]], wanted: Sequence[str]) -> str:
    """Return recall at 1 and at 5 as a text."""
    first = statistics.fmean(want in list(codes)[:1] for codes, want in zip(found, wanted, strict=True))
    five = statistics.fmean(want in list(codes)[:5] for codes, want in zip(found, wanted, strict=True))
    return f"recall@1 {first:6.1%}  @5 {five:6.1%}"


def measured(
    label: str,
    ask: Callable[[str], list[str]],
    texts: Sequence[str],
    wanted: Sequence[str],
    clock: Callable[[], float] = time.process_time,
) -> None:
    """Ask every text and print recall and times: of this processor, or of the peer's by the clock on the wall."""
    found, times = [], []
    for text in texts:
        begun = clock()
        found.append(ask(text))
        times.append((clock() - begun) * 1000)
    times.sort()
    print(
        f"  {label:34} {recall(found, wanted)}  median {statistics.median(times):7.2f} ms"
        f"  p99 {times[int(len(times) * 0.99) - 1]:7.2f} ms",
        flush=True,
    )


def trigrams(names: Sequence[PlaceName], form: Callable[[str], str], url: str) -> Callable[[str], list[str]]:
    """Return the peer: the five names of greatest word similarity to a text."""
    # Trigrams of ideograms need a locale that knows them as letters.
    with psycopg.connect(url, autocommit=True) as maintenance:
        maintenance.execute("DROP DATABASE IF EXISTS trigrams WITH (FORCE)")
        maintenance.execute("CREATE DATABASE trigrams TEMPLATE template0 LC_CTYPE 'C.UTF-8'")
    connection = psycopg.connect(url.rpartition("/")[0] + "/trigrams", autocommit=True)
    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    connection.execute("CREATE TEMP TABLE names (code text, name text)")
    with connection.cursor().copy("COPY names FROM STDIN") as copy:
        for name in names:
            if name.kind == "building":
                copy.write_row((name.code, form((name.of_estate or "") + name.spelled)))
    connection.execute("ANALYZE names")
    query = "SELECT code FROM names ORDER BY word_similarity(name, %s) DESC, code LIMIT 5"
    return lambda text: [row[0] for row in connection.execute(query, (form(text),)).fetchall()]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--peer-texts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    names = register(chance)
    begun = time.process_time()
    index = PlaceIndex(names)
    print(f"{len(names):,} names, index built in {time.process_time() - begun:.2f} CPU s, seed {options.seed}")
    chosen = chance.choices([name for name in names if name.kind == "building"], k=options.texts)
    wanted = [name.code for name in chosen]
    plain = [spelled(name, chance) for name in chosen]
    inputs = {
        "address, spelled variants": plain,
        "sentence, spelled variants": [chance.choice(SENTENCES).format(text) for text in plain],
        "address, one wrong character": [with_typo(text, chance) for text in plain],
        "no place at all": ["楼上漏水没人管，已经打了三次电话，请尽快派人处理"] * options.texts,
    }
    for label, texts in inputs.items():
        measured(label, lambda text: [match.code for match in index.match(text, None)], texts, wanted)
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home, durable=False)
    try:
        url = cluster.start()
        forms: dict[str, Callable[[str], str]] = {"as it comes": str, "after our normal form": normalise}
        for label, form in forms.items():
            ask = trigrams(names, form, url)
            for kind in ("sentence, spelled variants", "address, one wrong character"):
                some = slice(0, options.peer_texts)
                measured(
                    f"pg_trgm {label}: {kind.split(',')[0]}", ask, inputs[kind][some], wanted[some], time.perf_counter
                )
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home)


if __name__ == "__main__":
    os.nice(5)
    main()
