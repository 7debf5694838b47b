"""Query parameters that a route does not have are refused.

Room: the front door on the wire. In: a request. Out: nothing, or the fault. Which names a route takes is read from its
own signature, once, when the app is made.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi import params as fastapi_params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from api.errors import BadRequest


def known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not have, or that stands twice (a dependency of every route).

    A misspelled `At=` would otherwise be answered as of now, without a word.
    """
    known: frozenset[str] = request.app.state.parameters[request.method, request.scope["route"].path]
    given = [name for name, _ in request.query_params.multi_items()]
    unknown = [name for name in given if name not in known]
    twice = [name for name in set(given) if given.count(name) > 1]
    if unknown or twice:
        fault = f"There is no parameter {unknown[0][:50]!r}" if unknown else f"Parameter {twice[0][:50]!r} stands twice"
        listed = ", ".join(sorted(known)) or "none"
        raise BadRequest(422, "invalid_parameters", f"{fault}; this address takes: {listed}.")


def of_routes(app: FastAPI) -> dict[tuple[str, str], frozenset[str]]:
    """Return the names of the query parameters of each route, for `known_parameters`."""
    return {
        (method, route.path): frozenset(
            field.alias
            for field in get_flat_params(route.dependant)
            if isinstance(field.field_info, fastapi_params.Query)
        )
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
