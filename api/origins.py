"""Where a request comes from: a page of this site, another site's, this very machine.

Room: the front door on the wire. In: a request. Out: whether it may come in by its origin.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request

from gisgrid.errors import Forbidden


def same_origin(request: Request) -> bool:
    """Return whether a browser says that this site's own page sent the request.

    Browsers send `Origin` with every POST; a request without it does not come from a page and carries no cookie.
    """
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def require_loopback(request: Request) -> None:
    """Refuse, while no keys are asked, whatever does not come from this machine to this machine by its own name.

    The name matters as well as the address: a page elsewhere may give its own name this machine's address
    (DNS rebinding), and its requests would come from here.
    """
    client = request.client.host if request.client is not None else ""
    named = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if not (is_loopback(client) and is_loopback(named)):
        raise Forbidden("The demonstration answers its own machine only; serve with keys by `gisgrid serve`.")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this very machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
