"""The data block of a staff map read back: a second reader of its form, slow and plain, beside the page's own."""

from __future__ import annotations

import json
import re
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from gisgrid.maps.packing import ALPHABET


def block(html: str) -> dict[str, Any]:
    """Return the data block of a page."""
    found = r'<script type="application/json" id="grid_layer_[0-9a-f]{12}_data">(.*?)</script>'
    (text,) = re.findall(found, html, re.DOTALL)
    document: dict[str, Any] = json.loads(text)
    return document


def numbers(text: str) -> list[int]:
    """Return the whole numbers of a packed string."""
    found, value, shift = [], 0, 0
    for letter in text:
        digit = ALPHABET.index(letter.encode())
        value |= (digit & 31) << shift
        shift += 5
        if digit < 32:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return found


def texts(column: dict[str, str] | None, count: int) -> list[str | None]:
    """Return the texts of a column, or so many that are missing."""
    if column is None:
        return [None] * count
    new = column["text"].encode("utf-16-le")
    found: list[str | None] = []
    before = b""
    for head, tail, added in zip(*(numbers(column[name]) for name in ("head", "tail", "added")), strict=True):
        if added >= 0:
            end = before[len(before) - 2 * tail :]
            before, new = before[: 2 * head] + new[: 2 * added] + end, new[2 * added :]
        found.append(before.decode("utf-16-le") if added >= 0 else None)
    assert new == b""
    return found


def _pieces(items: list[Any], sizes: list[int]) -> list[list[Any]]:
    ends = [0, *accumulate(sizes)]
    assert ends[-1] == len(items)
    return [items[a:b] for a, b in pairwise(ends)]


def lines(steps: str, sizes: list[int], origin: list[float]) -> list[np.ndarray]:
    """Return the coordinates of lines, in degrees."""
    pairs = np.reshape(numbers(steps), (-1, 2)).tolist()
    found, first = [], np.zeros(2, dtype=np.int64)
    for piece in _pieces(pairs, sizes):
        moves = np.array(piece)
        moves[0] += first
        first = moves[0].copy()
        found.append(np.cumsum(moves, axis=0) / 1e6 + origin)
    return found


def grids(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the grids: code, number, name, households, posts and rings of each."""
    packed = document["grids"]
    count = len(numbers(packed["colour"]))
    arcs = lines(packed["arcs"]["steps"], numbers(packed["arcs"]["sizes"]), document["origin"])
    walks = _pieces(numbers(packed["references"]), numbers(packed["ring_sizes"]))
    rings = [np.concatenate([arcs[r][:-1] if r >= 0 else arcs[-1 - r][:0:-1] for r in way]) for way in walks]
    sizes = numbers(packed["posts"])
    posts = zip(*(texts(packed[name], sum(sizes)) for name in ("role", "worker", "phone")), strict=True)
    columns = {name: texts(packed[name], count) for name in ("code", "number", "name", "households")}
    columns |= {name: numbers(packed[name]) for name in ("colour", "dedicated", "buildings", "hectares", "community")}
    columns |= {"posts": _pieces(list(posts), sizes), "rings": _pieces(rings, numbers(packed["rings"]))}
    (columns["label"],) = lines(packed["label"]["at"], [count], document["origin"]) if count else ([],)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def buildings(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the buildings: grid (-1 for none), rings, name, address and, if they are there, households of each."""
    packed = document["layers"]["buildings"]
    shapes = packed["shapes"]
    ringed = numbers(shapes["rings"])
    rings = lines(shapes["steps"], numbers(shapes["sizes"]), document["origin"])
    columns = {name: texts(packed[name], len(ringed)) for name in ("name", "address")}
    columns |= {
        "grid": np.repeat(numbers(packed["grids"]), numbers(packed["counts"])).tolist(),
        "rings": _pieces(rings, ringed),
    }
    if "households" in packed:
        columns["households"] = numbers(packed["households"])
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
