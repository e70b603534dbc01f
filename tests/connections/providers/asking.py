"""What a provider's module makes of answers, in one line each."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connections.providers import WearableProvider
from connections.providers.answers import Failure, Held, ProviderError
from tests.connections.providers import stand_in

CLIENT_ID = "our-app"
HELD = Held("access-1", "refresh-1", "person-1")


def provider(name: str, **more: Any) -> WearableProvider:
    """An application of ours at this provider's stand-in."""
    return stand_in.simulated(name, CLIENT_ID, **more)


def failure(act: Any, *args: Any, **kwargs: Any) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        act(*args, **kwargs)
    return raised.value


def refused_refresh(provider: WearableProvider, held: Any) -> Failure:
    return failure(provider.refresh, held).failure


def asked_of_person(provider: WearableProvider, *scopes: str) -> dict[str, str]:
    """The query that a person is sent to the provider's page with."""
    url, _ = provider.authorize_url("state-of-ours", scopes)
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
