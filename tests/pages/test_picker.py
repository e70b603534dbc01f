"""The choice between several wearables."""

import pytest

from connections import clients
from connections.providers import REGISTRY
from connections.providers.sandbox import SandboxAdapter, SandboxProvider
from tests.pages.person import Asking, Person, form_action, text


class OtherAdapter(SandboxAdapter):
    provider_id = "other"

    authorize_url = "https://other.example/oauth/authorize"


class OtherProvider(SandboxProvider):
    """A second make of wearable with pages of its own."""

    id = "other"
    name = display_name = "Other"
    resource = "OTHER"
    oauth2_adapter_class = OtherAdapter

    def at(self, url: str) -> str:
        return url if url.startswith("https:") else super().at(url)


@pytest.fixture(autouse=True)
def other(sandbox: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "OTHER", OtherProvider)
    clients.add("OTHER", client_id="other", client_secret="secret", simulated=True)


def test_each_wearable_has_a_form_and_its_origin_in_the_policy(a: Asking, person: Person) -> None:
    link = a.link()
    page = person.get(link)
    assert "Which one do you use?" in text(page)
    assert "<script" not in text(page)
    for provider in ("sandbox", "other"):
        assert f'method="post" action="{link}start/{provider}/"' in text(page)
    assert form_action(page) == ["'self'", person.sandbox.url, "https://other.example"]
    started = person.start(link, "other")
    assert started.startswith("https://other.example/oauth/authorize?")


def test_a_link_for_some_wearables_offers_only_those(a: Asking, person: Person) -> None:
    link = a.link(providers=["OTHER"])
    page = person.get(link)
    assert "Continue to Other" in text(page)
    assert form_action(page) == ["'self'", "https://other.example"]
    assert person.browser.post(f"{link}start/sandbox/").status_code == 410


def test_a_callback_of_one_wearable_does_not_serve_another(a: Asking, person: Person) -> None:
    """The mix-up defence: a state belongs to the provider that it was made for."""
    url = person.decide(person.start(a.link()))
    assert person.get(url.replace("/sandbox/", "/other/")).status_code == 400
    assert person.get(url).status_code == 200
    assert len(a.users()) == 1
