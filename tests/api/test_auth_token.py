"""POST /auth/generateAuthToken: a token for an app on a phone, good for one use."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections import auth_tokens, tasks
from connections.models import AuthToken
from terra_portal import clock, crypto
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem

PATH = "/auth/generateAuthToken"


def test_it_answers_the_token_once_and_keeps_its_hash(a: Caller) -> None:
    answer = a.send("POST", PATH)

    assert answer.status == 200
    assert answer.body == {"status": "success", "token": answer.body["token"], "expires_in": 180}
    assert answer.headers["Cache-Control"] == "no-store"
    kept = AuthToken.objects.get()
    assert kept.environment == a.environment
    assert kept.token_hash == crypto.sha256(answer.body["token"])
    assert kept.expires_at - kept.created_at == timedelta(seconds=180)
    assert kept.redeemed_at is None


@pytest.mark.parametrize("body", ["", "{}", '{"anything": 1}'])
def test_it_takes_nothing(a: Caller, body: str) -> None:
    assert a.send("POST", PATH, data=body).status == 200


def test_without_credentials_there_is_none(a: Caller) -> None:
    assert_problem(a.send("POST", PATH, headers={}), 401, "unauthorized")
    assert not AuthToken.objects.exists()


def test_each_is_another(a: Caller) -> None:
    assert len({a.post(PATH).body["token"] for _ in range(3)}) == 3


def test_it_is_redeemed_once_for_the_environment_it_was_issued_to(a: Caller, b: Caller) -> None:
    mine, theirs = a.post(PATH).body["token"], b.post(PATH).body["token"]

    assert auth_tokens.redeem(mine) == a.environment
    assert auth_tokens.redeem(mine) is None
    assert auth_tokens.redeem(theirs) == b.environment


def test_after_180_seconds_it_is_worth_nothing(a: Caller) -> None:
    text = a.post(PATH).body["token"]
    AuthToken.objects.update(expires_at=clock.now())

    assert auth_tokens.redeem(text) is None
    assert AuthToken.objects.get().redeemed_at is None


@pytest.mark.parametrize("text", ["", "nobody's", "\x00", "t" * 10_000])
def test_what_was_never_issued_is_worth_nothing(a: Caller, text: str) -> None:
    a.post(PATH)

    assert auth_tokens.redeem(text) is None


def test_what_is_over_is_swept_with_the_attempts(a: Caller) -> None:
    texts = [a.post(PATH).body["token"] for _ in range(3)]
    auth_tokens.redeem(texts[0])
    over = AuthToken.objects.filter(token_hash__in=[crypto.sha256(text) for text in texts[:2]])
    over.update(expires_at=clock.now())

    tasks.sweep_attempts()

    assert AuthToken.objects.get().token_hash == crypto.sha256(texts[2])


def test_a_sweep_has_an_end(a: Caller) -> None:
    for _ in range(3):
        a.post(PATH)
    AuthToken.objects.update(expires_at=clock.now())

    assert [auth_tokens.sweep(limit=2) for _ in range(3)] == [2, 1, 0]


def test_the_sweep_reads_by_its_index(a: Caller) -> None:
    now = clock.now()
    AuthToken.objects.bulk_create(
        AuthToken(
            environment=a.environment,
            token_hash=crypto.sha256(str(number)),
            expires_at=now + timedelta(seconds=number - 20),
        )
        for number in range(3000)
    )
    with CaptureQueriesContext(database) as asked, database.cursor() as cursor:
        cursor.execute("ANALYZE connections_authtoken")
        assert auth_tokens.sweep(limit=5) == 5
        cursor.execute(f"EXPLAIN {asked.captured_queries[1]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Index Scan using auth_token_expires" in plan
    assert "Sort" not in plan
