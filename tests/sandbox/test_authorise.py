from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from .company import REDIRECT, Company


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "nobody"}, {"redirect_uri": f"{REDIRECT}/"}, {"redirect_uri": None}],
)
def test_an_unknown_client_or_redirect_uri_is_never_redirected(
    company: Company, changes: dict[str, str | None]
) -> None:
    url = company.authorize_url(**changes)
    answer = requests.get(url, timeout=20, allow_redirects=False)
    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert "We cannot ask you this" in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "activity secrets"}, "invalid_scope"),
        ({"response_type": "token"}, "unauthorized_client"),
    ],
)
def test_any_other_mistake_goes_back_with_its_state(
    company: Company, changes: dict[str, str | None], error: str
) -> None:
    url = company.authorize_url(**changes)
    answer = requests.get(url, timeout=20, allow_redirects=False)
    assert answer.status_code == 302
    location = urlsplit(answer.headers["Location"])
    returned = parse_qs(location.query or location.fragment)
    assert (returned["error"], returned["state"]) == ([error], ["s t&ate"])


def test_deny(company: Company) -> None:
    assert company.decide("deny") == {"error": "access_denied", "state": "s t&ate"}


def test_consent_to_nothing_is_a_denial(company: Company) -> None:
    assert company.decide(scopes=[])["error"] == "access_denied"


def test_unticked_scopes_are_not_in_the_token(company: Company) -> None:
    tokens = company.connect(scopes=["sleep", "body"])
    assert tokens["scope"] == "sleep"
    assert company.me(tokens).json()["scope"] == "sleep"


def test_the_code_comes_with_the_state(company: Company) -> None:
    assert sorted(company.decide()) == ["code", "state"]
