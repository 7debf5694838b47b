"""Who is asking, and whose key was checked a moment ago: not every lookup asks the database who is asking.

Room: the front door on the wire. In: the text of a key, the caller that the guard found behind it. Out: that caller,
for a second. Held in memory of one process; of the keys only digests.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gisgrid.errors import Forbidden
from gisgrid.model import Role
from gisgrid.store import reports

TRUSTED_S: Final = 1.0
"""So long a key is trusted after the database knew it, in whichever process and by whomever it is revoked."""
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking.

    Attributes
    ----------
    actor
        What histories and the audit log name.
    scope
        The division that the caller is limited to, or None.
    communities
        The communities within the scope; None where there is no limit.
    name
        What the key or user is called; unlike `actor` it need not be unique.
    """

    actor: str
    role: Role
    scope: str | None = None
    communities: frozenset[str] | None = None
    name: str = ""

    def reaches(self, community: str) -> bool:
        """Return whether the community is within the scope."""
        return self.communities is None or community in self.communities

    def require(self, community: str) -> None:
        """Return nothing for a community within the scope.

        Raises
        ------
        Forbidden
            It lies outside.
        """
        if not self.reaches(community):
            raise Forbidden(beyond_scope(self, f"community {community}"))

    def sight(self) -> reports.Sight | None:
        """Return which reports the caller may see; None for all."""
        return None if self.communities is None else reports.Sight(self.communities, self.actor)


def beyond_scope(caller: Caller, what: str) -> str:
    """Return the sentence that refuses what lies outside a caller's scope."""
    return (
        f"{what[0].upper()}{what[1:]} lies outside the scope {caller.scope} of {caller.actor}; "
        "ask with a key whose scope holds it."
    )


@dataclass(slots=True)
class _Known:
    caller: Caller
    expires_at: datetime | None
    check_at: float


class KnownCallers:
    """Remembers who stands behind a key.

    Parameters
    ----------
    clock
        Seconds that only grow.

    Examples
    --------
    >>> known = KnownCallers(clock=lambda: 0.0)
    >>> known.remember("gg_1", Caller("hotline (key 1)", "dispatch"), None)
    >>> known.lately(digest_of("gg_1")).actor, known.lately(digest_of("gg_2"))
    ('hotline (key 1)', None)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def remember(self, key: str, caller: Caller, expires_at: datetime | None) -> None:
        """Keep what the database said of a key."""
        self._known[digest_of(key)] = _Known(caller, expires_at, self._clock() + TRUSTED_S)
        if len(self._known) > _REMEMBERED:  # the key that was first seen longest ago makes room
            self._known.popitem(last=False)

    def forget(self, key: str) -> None:
        """Forget a key that the database does not know, or knows no longer."""
        self._known.pop(digest_of(key), None)

    def lately(self, digest: bytes) -> Caller | None:
        """Return who stands behind a key that was checked within the last second; None: ask the database.

        The key is given by its digest, which whoever asks often may keep; the key itself nobody keeps.
        Of many requests that come with one key, the first after that second is told to ask; the others go on until it
        has the answer, for another second at most.
        """
        known = self._known.get(digest)
        if known is None:
            return None
        now = self._clock()
        if now < known.check_at:
            return known.caller
        if now < known.check_at + TRUSTED_S:
            known.check_at = now + TRUSTED_S  # two threads may both see this and both ask, which does no harm
        return None

    def while_away(self, digest: bytes) -> Caller | None:
        """Return who stood behind a key when the database was last asked: while it is away, nobody can revoke."""
        known = self._known.get(digest)
        if known is None or (known.expires_at is not None and known.expires_at <= datetime.now(UTC)):
            return None
        return known.caller


def digest_of(key: str) -> bytes:
    """Return the digest by which a key is known in memory."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).digest()
