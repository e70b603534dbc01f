"""Where the pages of a list begin, for whoever walks them in order: by key, not by counting.

They stand in the shared cache. Where one is missing, the page is found by its number instead.
"""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.core.cache import cache

from connections.models import Connection
from developers.models import ApiKey
from terra_portal import clock

logger = logging.getLogger(__name__)

# For so long a page begins where the first who came there left it. Users who end meanwhile, or a
# second walker, then repeat a user here and there, and nobody passes one over.
KEPT = timedelta(minutes=5)
LIVES = timedelta(hours=1)


class Bookmark(NamedTuple):
    """The last user before a page, and when that was written down."""

    created_at: datetime
    user_id: UUID
    written_at: datetime

    @property
    def key(self) -> tuple[datetime, UUID]:
        return self.created_at, self.user_id


def find(reader: ApiKey, *, page: int, size: int) -> Bookmark | None:
    """What this API key's walk has left for the page. A cache that is down knows of none."""
    try:
        kept = cache.get(_name(reader, page, size))
        return kept and Bookmark(*kept)
    except Exception as error:
        logger.warning("no bookmark could be read: %s", type(error).__name__)
        return None


def leave(reader: ApiKey, *, page: int, size: int, last: Connection) -> None:
    """The page begins after `last`. One that is younger than KEPT is only ever moved forward."""
    mine = Bookmark(last.created_at, last.pk, clock.now())
    name, seconds = _name(reader, page, size), LIVES.total_seconds()
    try:
        if cache.add(name, tuple(mine), seconds):
            return
        there = cache.get(name)
        if there is None or _gives_way(Bookmark(*there), mine):
            cache.set(name, tuple(mine), seconds)
    except Exception as error:
        logger.warning("no bookmark could be left: %s", type(error).__name__)


def _gives_way(there: Bookmark, mine: Bookmark) -> bool:
    return mine.key < there.key or mine.written_at - there.written_at >= KEPT


def _name(reader: ApiKey, page: int, size: int) -> str:
    return f"subscriptions:{reader.environment_id}:{reader.pk}:{size}:{page}"
