"""A wearable as the page *Sources* tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from connections import clients, sources
from connections.clients import Place
from connections.models import OAuthClient
from connections.providers import REGISTRY, WearableProvider
from connections.sources import Holding
from developers.models import Environment


@dataclass(frozen=True)
class Row:
    """`users` stand on the client that is in use now, `earlier` on those before it."""

    place: Place
    state: str
    users: int
    earlier: Sequence[Holding]

    @property
    def maker(self) -> type[WearableProvider]:
        return REGISTRY[self.place.provider]

    @property
    def own_client_because(self) -> str:
        return self.maker.own_client_because

    @property
    def console_url(self) -> str:
        return self.maker.console_url

    @property
    def takes_scopes(self) -> bool:
        """Whether the maker lets an application say what it asks for."""
        return bool(getattr(self.maker.oauth2_adapter_class.client_class, "sends_scope", True))

    @property
    def orders_notices(self) -> bool:
        """Whether the portal tells the maker by itself where notices go."""
        return self.maker.subscribes_once or self.maker.subscribes_each

    @property
    def sends_notices(self) -> bool:
        """Whether the maker tells of anything at all."""
        silent = (WearableProvider.hear, WearableProvider.read_notice)
        return (self.maker.hear, self.maker.read_notice) != silent

    @property
    def notice_steps(self) -> str:
        return self.maker.notice_steps

    @property
    def slug(self) -> str:
        return str(self.maker.id)

    @property
    def name(self) -> str:
        return self.maker.display_name

    @property
    def own(self) -> OAuthClient | None:
        return self.place.own_client

    @property
    def is_simulated(self) -> bool:
        return self.place.is_usable and bool(self.place.client and self.place.client.simulated)

    @property
    def is_rejected(self) -> bool:
        """The maker refuses the company's credentials. Of the platform's nobody is told here."""
        return self.own is not None and self.own.rejected_at is not None

    @property
    def users_earlier(self) -> int:
        return sum(holding.users for holding in self.earlier)


def rows(environment: Environment) -> list[Row]:
    """Every wearable in the environment's order, in three queries."""
    held = sources.holdings(environment)
    return [_row(environment, place, held) for place in clients.lineup(environment)]


def _row(environment: Environment, place: Place, held: Sequence[Holding]) -> Row:
    here = [holding for holding in held if holding.provider == place.provider]
    now = place.client.pk if place.client else None
    return Row(
        place,
        _state(environment, place),
        users=sum(holding.users for holding in here if holding.client == now),
        earlier=[holding for holding in here if holding.client != now],
    )


def _state(environment: Environment, place: Place) -> str:
    if place.is_usable:
        return "offered" if place.is_enabled else "off"
    ways = (sources.may_bring(environment, place.provider, simulated=way) for way in (False, True))
    return "needs_own" if any(ways) else "unavailable"
