"""Real consents at the sandbox for those who are still connected when the demo begins."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

from connections import clients
from connections.models import OAuthClient
from connections.providers.answers import TokenSet
from terra_portal import crypto
from terra_portal.demo.sandbox import Control

AT_ONCE = 3


def obtain(
    client: OAuthClient, control: Control, accounts: Iterable[str], alive: Callable[[str], None]
) -> dict[str, TokenSet]:
    """Signs in as each, presses *Allow*, exchanges the code: their tokens live as anybody's."""

    def consent(account: str) -> TokenSet:
        provider = clients.provider_for(client)
        url, verifier = provider.authorize_url(crypto.random_token())
        asked = {"authorize_url": url, "account": account, "decision": "allow"}
        answer = control.call("POST", "authorize", **asked)
        code = parse_qs(urlsplit(answer["redirect"]).query)["code"][0]
        return provider.exchange(code, verifier)

    found: dict[str, TokenSet] = {}
    names = sorted(accounts)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for account, tokens in zip(names, pool.map(consent, names), strict=True):
            found[account] = tokens
            alive(f"{len(found)} of {len(names)} wearables connected")
    return found
