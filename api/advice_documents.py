"""Explanations, previews and suggestions as they stand on the wire and in `--json`.

Room: the front door on the wire. In: advice from `gisgrid.advising`. Out: plain values, with the digits that are worth
telling.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from gisgrid import wire
from gisgrid.advising import Explained, Previewed, Suggested
from gisgrid.plan.choices import Suggestion
from gisgrid.plan.effect import Effect, GridFigures


def explanations(value: Explained) -> dict[str, Any]:
    """Return the explanations of a plan."""
    return {**_subject(value), "findings": wire.findings(value.findings)}


def preview(value: Previewed) -> dict[str, Any]:
    """Return what an edit of a plan would do."""
    found = value.preview
    return {**_subject(value), "to": found.to, **effect(found.effect), "findings": wire.findings(found.findings)}


def suggestions(value: Suggested) -> dict[str, Any]:
    """Return the choices for a plan, the best first, and what stands in the way."""
    found = value.suggestions
    return {
        **_subject(value),
        "op": found.op,
        "choices": [_suggestion(choice) for choice in found.choices],
        "findings": wire.findings(found.findings),
    }


def effect(value: Effect) -> dict[str, Any]:
    """Return what a change does to a plan."""
    return {
        "grids": [
            {"key": change.key, "before": _figures(change.before), "after": _figures(change.after)}
            for change in value.grids
        ],
        "in_band": value.in_band,
        "households_moved": value.households_moved,
        "off_band_change": value.off_band_change,
        "ties_kept": value.ties_kept,
        "ties_change": round(value.ties_change, 3),
        "estates_split": value.estates_split,
        "estates_cut": list(value.estates_cut),
        "estates_joined": list(value.estates_joined),
        "line_share": value.line_share,
        "cost_change": round(value.cost_change, 3),
    }


def _subject(value: Explained | Previewed | Suggested) -> dict[str, Any]:
    return {"plan": value.plan, "community": value.community, "revision": value.revision}


def _suggestion(value: Suggestion) -> dict[str, Any]:
    moves = [
        {
            "to": move.to_key,
            "begins": move.begins,
            "buildings": list(move.buildings),
            "cells": list(move.cells),
            "households": move.households,
        }
        for move in value.moves
    ]
    return {"moves": moves, **effect(value.effect)}


def _figures(value: GridFigures | None) -> dict[str, Any] | None:
    return None if value is None else dataclasses.asdict(value)
