import threading
import time

import requests

from .company import Company
from .process import Sandbox

DEAD = (401, {"error": "invalid_token"})


def lives(company: Company, tokens: dict[str, str]) -> bool:
    answer = company.me(tokens)
    assert answer.status_code == 200 or (answer.status_code, answer.json()) == DEAD
    return answer.status_code == 200


def refused(answer: requests.Response) -> bool:
    return answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


def test_the_token_answer(company: Company) -> None:
    tokens = company.connect()
    assert sorted(tokens) == [
        "access_token", "consent_id", "expires_in", "refresh_token", "scope", "token_type",
        "user_id",
    ]  # fmt: skip
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert company.me(tokens).json() == {
        "user_id": tokens["user_id"],
        "account": company.account,
        "consent_id": tokens["consent_id"],
        "scope": "activity sleep heartrate profile",
    }


def test_an_account_has_one_user_id_for_all_apps(company: Company, sandbox: Sandbox) -> None:
    other = Company(sandbox, account=company.account)
    assert company.connect()["user_id"] == other.connect()["user_id"]
    assert company.connect()["consent_id"] != other.connect()["consent_id"]


def test_wrong_client_credentials(company: Company) -> None:
    code = company.decide()["code"]
    for auth in [(company.client_id, "wrong"), ("nobody", "wrong")]:
        answer = company.token({"grant_type": "authorization_code", "code": code}, auth)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert company.revoke("x", auth).status_code == 401
    assert company.exchange(code).status_code == 200


def test_credentials_in_the_body(company: Company, sandbox: Sandbox) -> None:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": company.connect()["refresh_token"],
        "client_id": company.client_id,
        "client_secret": company.secret,
    }
    answer = requests.post(f"{sandbox.url}/oauth/token", data=form, timeout=20)
    assert answer.status_code == 200
    answer = requests.post(
        f"{sandbox.url}/oauth/token", data={**form, "client_secret": "no"}, timeout=20
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_second_use_of_a_code_kills_the_tokens_of_the_first(company: Company) -> None:
    code = company.decide()["code"]
    tokens = company.exchange(code).json()
    assert lives(company, tokens)
    assert refused(company.exchange(code))
    assert not lives(company, tokens)
    assert refused(company.refresh(tokens))


def test_one_of_many_simultaneous_exchanges_wins(company: Company) -> None:
    code, statuses = company.decide()["code"], []
    threads = [
        threading.Thread(target=lambda: statuses.append(company.exchange(code).status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 400, 400, 400, 400, 400]


def test_a_code_needs_its_verifier_and_redirect_uri(company: Company) -> None:
    code = company.decide()["code"]
    assert refused(company.exchange(code, code_verifier="w" * 60))
    wrong = company.exchange(code, redirect_uri="http://127.0.0.1:9/other")
    assert wrong.status_code == 400


def test_a_code_of_another_client_is_unknown(company: Company, sandbox: Sandbox) -> None:
    code = company.decide()["code"]
    assert refused(Company(sandbox).exchange(code))
    assert company.exchange(code).status_code == 200


def test_a_code_expires(company: Company, sandbox: Sandbox) -> None:
    sandbox.control("PATCH", "dials", {"code_seconds": 0})
    assert refused(company.exchange(company.decide()["code"]))


def test_an_access_token_expires(company: Company, sandbox: Sandbox) -> None:
    sandbox.control("PATCH", "dials", {"access_token_seconds": 1})
    tokens = company.connect()
    assert tokens["expires_in"] == 1
    time.sleep(1.1)
    assert not lives(company, tokens)
    assert lives(company, company.refresh(tokens).json())


def test_a_refresh_rotates_and_names_the_same_consent(company: Company) -> None:
    first = company.connect()
    second = company.refresh(first).json()
    for field in ("user_id", "consent_id", "scope"):
        assert first[field] == second[field]
    assert first["refresh_token"] != second["refresh_token"]
    assert not lives(company, first)
    assert lives(company, second)


def test_reuse_of_a_rotated_refresh_token_kills_the_chain(company: Company) -> None:
    first = company.connect()
    third = company.refresh(company.refresh(first).json()).json()
    assert refused(company.refresh(first))
    assert not lives(company, third)
    assert refused(company.refresh(third))


def test_dial_reuse_does_not_kill(company: Company, sandbox: Sandbox) -> None:
    sandbox.control("PATCH", "dials", {"refresh_reuse_kills": False})
    first = company.connect()
    second = company.refresh(first).json()
    assert refused(company.refresh(first))
    assert lives(company, second)


def test_dial_refresh_does_not_rotate(company: Company, sandbox: Sandbox) -> None:
    dials = {"refresh_rotates": False, "refresh_answer_has_refresh_token": False}
    sandbox.control("PATCH", "dials", dials)
    first = company.connect()
    second = company.refresh(first).json()
    assert "refresh_token" not in second
    assert lives(company, second)
    assert lives(company, company.refresh(first).json())


def test_dial_scope_is_not_sent(company: Company, sandbox: Sandbox) -> None:
    sandbox.control("PATCH", "dials", {"send_scope": False})
    tokens = company.connect()
    assert "scope" not in tokens
    assert "scope" not in company.refresh(tokens).json()


def test_a_later_consent_kills_the_earlier_when_its_code_is_exchanged(company: Company) -> None:
    first = company.connect()
    code = company.decide()["code"]
    assert lives(company, first)
    second = company.exchange(code).json()
    assert not lives(company, first)
    assert refused(company.refresh(first))
    assert lives(company, second)
    assert company.revoke(first["refresh_token"]).status_code == 200
    assert lives(company, second)


def test_an_earlier_code_exchanged_after_a_later_one_kills_the_later(company: Company) -> None:
    earlier, later = company.decide()["code"], company.decide()["code"]
    overtaken = company.exchange(later).json()
    tokens = company.exchange(earlier).json()
    assert not lives(company, overtaken)
    assert refused(company.refresh(overtaken))
    assert lives(company, tokens)


def test_a_consent_for_another_client_or_account_kills_nothing(
    company: Company, sandbox: Sandbox
) -> None:
    first = company.connect()
    Company(sandbox, account=company.account).connect()
    company.connect(account="somebody else")
    assert lives(company, first)


def test_dial_a_second_consent_kills_nothing(company: Company, sandbox: Sandbox) -> None:
    sandbox.control("PATCH", "dials", {"second_consent_kills": False})
    earlier, later = company.decide()["code"], company.decide()["code"]
    for tokens in [company.exchange(later).json(), company.exchange(earlier).json()]:
        assert lives(company, tokens)
    live = sandbox.control("GET", f"accounts/{company.account}")
    assert len(live["consents"]) == 2
    assert company.press_revoke() == 2


def test_the_data_of_an_account_is_stable(company: Company, sandbox: Sandbox) -> None:
    bearer = {"Authorization": f"Bearer {company.connect()['access_token']}"}
    days = [
        requests.get(f"{sandbox.url}/v1/daily", headers=bearer, timeout=20).json()["days"]
        for _ in range(2)
    ]
    assert days[0] == days[1]
    assert len(days[0]) == 7
    assert requests.get(f"{sandbox.url}/v1/daily", timeout=20).status_code == 401
