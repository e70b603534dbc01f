"""GET /portal/revocations: the environment's log, narrowed, in pages or as a file."""

import csv
import gc
import io
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from connections import disconnect, exports, log, revocation
from connections.models import Revocation, RevocationDetail
from connections.payloads import timestamp
from connections.revocation import Cause
from connections.states import Door, End
from developers.models import Event
from terra_portal import clock
from tests import cast
from tests.api import portal
from tests.api.caller import Answer, Caller
from tests.api.test_errors import assert_problem
from tests.dashboard.scene import logged

PATH = "/portal/revocations"
CSV, JSONL = "text/csv", "application/x-ndjson"


def asked(caller: Caller, accept: str = "", **query: Any) -> Answer:
    credentials = {"dev-id": caller.environment.dev_id, "x-api-key": caller.api_key}
    return caller.send(
        "GET",
        PATH,
        query_params=query,
        headers=credentials | ({"Accept": accept} if accept else {}),
    )


def text(answer: Answer) -> str:
    assert answer.status == 200
    found: str = answer.body.decode()
    return found


def references(caller: Caller, **query: Any) -> list[str | None]:
    answer = caller.get(PATH, **query)
    assert answer.status == 200
    return [row["reference_id"] for row in answer.body["revocations"]]


def in_csv(answer: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(answer))))


def in_lines(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text(answer).splitlines()]


def test_a_row_tells_what_the_page_tells(a: Caller) -> None:
    at, theirs = clock.now(), clock.now() - timedelta(hours=1)
    user, row = logged(
        a.environment,
        reference_id="Ada",
        recorded_at=at,
        occurred_at=theirs,
        actor="nobody of ours",
        evidence="the provider said so",
    )

    answer = a.get(PATH)

    assert (answer.status, answer.body) == (
        200,
        {
            "status": "success",
            "revocations": [
                {
                    "id": str(row.pk),
                    "user_id": str(user.pk),
                    "reference_id": "Ada",
                    "provider": "SANDBOX",
                    "kind": "revoked",
                    "door": "notice",
                    "event": "access_revoked",
                    "connected_at": timestamp(user.created_at),
                    "occurred_at": timestamp(theirs),
                    "recorded_at": timestamp(at),
                    "actor": "nobody of ours",
                    "evidence": "the provider said so",
                    "erased_at": None,
                }
            ],
            "next": None,
        },
    )


def test_what_was_erased_is_null_and_not_found_by_it(a: Caller) -> None:
    user, _ = logged(a.environment, reference_id="Ada", actor="Bob", evidence="seen")
    blank = {"reference_id": "", "actor": "", "evidence": ""}
    RevocationDetail.objects.update(**blank, erased_at=clock.now())

    (row,) = a.get(PATH).body["revocations"]

    assert (row["user_id"], row["erased_at"] is None) == (str(user.pk), False)
    assert [row[name] for name in blank] == [None, None, None]
    assert references(a, reference_id="Ada") == []


def test_the_event_is_the_one_that_was_sent(a: Caller) -> None:
    portal.destination(a.environment)
    left, gone = cast.connection(a.environment), cast.connection(a.environment)
    disconnect.end(left.pk, environment=a.environment, door=Door.API)
    cause = Cause(End.REVOKED, Door.NOTICE, "a notice of the provider")
    revocation.fan_out(gone.grant_id, cause, authorisation_number=1)

    told = {row["user_id"]: row["event"] for row in a.get(PATH).body["revocations"]}

    sent = Event.objects.for_environment(a.environment)
    assert told == {str(event.subject_id): event.type for event in sent}
    assert set(told) == {str(left.pk), str(gone.pk)}
    assert log.event(End.REPLACED) == log.event(End.MOVED) == "user_reauth"


def test_filters(a: Caller) -> None:
    revoked, _ = logged(a.environment, reference_id="revoked")
    logged(a.environment, reference_id="left", kind=End.DISCONNECTED, door=Door.HOSTED_PAGE)
    logged(a.environment, reference_id="back", kind=End.REPLACED, door=Door.RECONNECT)

    assert references(a) == ["back", "left", "revoked"]
    assert references(a, kind="revoked") == ["revoked"]
    assert references(a, door="hosted_page") == ["left"]
    assert references(a, provider="sandbox", kind="replaced") == ["back"]
    assert references(a, provider="FITBIT") == []
    assert references(a, user_id=revoked.pk) == ["revoked"]
    assert references(a, reference_id="left") == ["left"]
    assert references(a, reference_id="left", kind="revoked") == []
    assert references(a, reference_id=str(revoked.pk)) == []


def test_since_counts_itself_and_until_does_not(a: Caller) -> None:
    now = clock.now()
    for hours in (3, 2, 1):
        logged(a.environment, reference_id=f"{hours}", recorded_at=now - timedelta(hours=hours))
    two = (now - timedelta(hours=2)).isoformat()

    for more in ({}, {"reference_id": "2"}):
        assert "2" in references(a, since=two, **more)
        assert "2" not in references(a, until=two, **more)
    assert references(a, since=two) == ["2", "1"][::-1]
    assert references(a, until=two) == ["3"]
    assert references(a, since=two, until=two) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "2026-11-27"}, "since"),
        ({"since": "2026-11-27T10:00:00"}, "since"),
        ({"until": "soon"}, "until"),
        ({"since": "2026-11-27T10:00:00Z", "until": "2026-11-27T09:00:00Z"}, "until"),
        ({"kind": "bored"}, "kind"),
        ({"door": "window"}, "door"),
        ({"provider": "FIT BIT"}, "provider"),
        ({"provider": "\0"}, "provider"),
        ({"user_id": "somebody"}, "user_id"),
        ({"reference_id": "a\nb"}, "reference_id"),
        ({"reference_id": "x" * 513}, "reference_id"),
        ({"cursor": "nowhere"}, "cursor"),
        ({"cursor": "nowhere", "format": "csv"}, "cursor"),
        ({"per_page": 101}, "per_page"),
        ({"per_page": 0}, "per_page"),
        ({"format": "xml"}, "format"),
    ],
)
def test_what_does_not_fit_is_named(a: Caller, query: dict[str, Any], field: str) -> None:
    answer = a.get(PATH, **query)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize("more", [{}, {"reference_id": "Ada"}])
def test_pages_over_equal_times_show_each_row_once(a: Caller, more: dict[str, Any]) -> None:
    moment = clock.now()
    for _ in range(5):
        logged(a.environment, reference_id="Ada", recorded_at=moment)
    whole = [row["id"] for row in a.get(PATH, **more).body["revocations"]]

    seen: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = a.get(PATH, per_page=2, cursor=cursor, **more).body
        seen.append([row["id"] for row in page["revocations"]])
        cursor = page["next"]

    assert [len(page) for page in seen] == [2, 2, 1]
    assert [row for page in seen for row in page] == whole
    assert len(set(whole)) == 5


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Caller, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        logged(a.environment, reference_id="Ada")
    a.get(PATH)  # the key was used just now: no answer writes that down again
    # A file is named after the company.
    for query, cost in (({}, 2), ({"reference_id": "Ada"}, 2), ({"format": "csv"}, 3)):
        with django_assert_num_queries(cost):
            assert a.get(PATH, **query).status == 200


def test_shows_only_this_environment(a: Caller, b: Caller) -> None:
    logged(a.environment, reference_id="mine")
    staging = a.environment.company.environments.get(kind="staging")
    for environment in (b.environment, staging):
        logged(environment, reference_id="theirs")

    assert references(a) == ["mine"]
    assert [row["reference_id"] for row in in_csv(asked(a, CSV))] == ["mine"]
    assert [row["reference_id"] for row in in_lines(asked(a, JSONL))] == ["mine"]
    assert references(a, reference_id="theirs") == []


@pytest.mark.parametrize("accept", ["application/json", CSV, JSONL])
def test_what_is_foreign_answers_like_what_is_nobodys(a: Caller, b: Caller, accept: str) -> None:
    foreign, _ = logged(b.environment, reference_id="theirs")
    logged(a.environment, reference_id="mine")
    a.get(PATH)
    answers = []
    for query in (
        *({"user_id": foreign.pk}, {"user_id": uuid4()}),
        *({"reference_id": "theirs"}, {"reference_id": "nobody"}),
    ):
        with CaptureQueriesContext(database) as queries:
            answer = asked(a, accept, **query)
        headers = {k: v for k, v in answer.headers.items() if k != "terra-reference"}
        answers.append((answer.status, answer.body, headers, len(queries)))

    assert answers[0][0] == 200
    assert answers == [answers[0]] * 4


def test_a_cursor_of_another_environment_shows_nothing_of_it(a: Caller, b: Caller) -> None:
    for caller, name in ((a, "mine"), (b, "theirs")):
        for _ in range(2):
            logged(caller.environment, reference_id=name)
    cursor = b.get(PATH, per_page=1).body["next"]

    assert set(references(a, cursor=cursor)) <= {"mine"}


@pytest.mark.parametrize(
    ("accept", "query", "media"),
    [
        ("", {}, "application/json"),
        ("*/*", {}, "application/json"),
        ("text/html", {}, "application/json"),
        ("text/csv;q=0.5, application/json", {}, "application/json"),
        (CSV, {}, "text/csv; charset=utf-8"),
        ("text/csv, */*;q=0.1", {}, "text/csv; charset=utf-8"),
        (JSONL, {}, "application/x-ndjson; charset=utf-8"),
        ("", {"format": "csv"}, "text/csv; charset=utf-8"),
        ("", {"format": "jsonl"}, "application/x-ndjson; charset=utf-8"),
        (CSV, {"format": "json"}, "application/json"),
    ],
)
def test_the_form_is_chosen_by_format_or_accept(
    a: Caller, accept: str, query: dict[str, str], media: str
) -> None:
    answer = asked(a, accept, **query)

    assert (answer.status, answer.headers["Content-Type"]) == (200, media)
    assert "Accept" in answer.headers["Vary"]
    form = {"text/csv": "csv", "application/x-ndjson": "jsonl"}.get(media.partition(";")[0])
    name = f"revocations-{a.environment.company.slug}-testing.{form}"
    disposition = f'attachment; filename="{name}"' if form else None
    assert answer.headers.get("Content-Disposition") == disposition


def test_files_hold_what_the_list_holds(a: Caller) -> None:
    logged(a.environment, reference_id='Ada "the" first, ünïque', evidence="seen, twice")
    logged(a.environment, kind=End.EXPIRED, door=Door.SYSTEM)
    logged(a.environment, reference_id="other")
    listed = a.get(PATH, kind="revoked").body["revocations"]

    assert len(listed) == 2
    assert in_lines(asked(a, JSONL, kind="revoked")) == listed
    blank = [{name: value or "" for name, value in row.items()} for row in listed]
    assert in_csv(asked(a, CSV, kind="revoked")) == blank


def test_a_file_of_nothing(a: Caller) -> None:
    assert text(asked(a, CSV)) == ",".join(log.COLUMNS) + "\r\n"
    assert text(asked(a, JSONL)) == ""


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(a: Caller, first: str) -> None:
    logged(a.environment, reference_id=f"{first}HYPERLINK(1)", actor=f"{first}1")

    (row,) = in_csv(asked(a, CSV))
    (exact,) = in_lines(asked(a, JSONL))

    assert (row["reference_id"], row["actor"]) == (f"'{first}HYPERLINK(1)", f"'{first}1")
    assert exact["reference_id"] == f"{first}HYPERLINK(1)"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_is_read_in_chunks_and_from_a_cursor(
    a: Caller, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    moment = clock.now()
    for _ in range(5):
        logged(a.environment, recorded_at=moment)
    whole = a.get(PATH).body["revocations"]
    cursor = a.get(PATH, per_page=1).body["next"]
    read = in_csv if form == "csv" else in_lines

    with CaptureQueriesContext(database) as queries:
        answer = a.get(PATH, format=form, per_page=1)

    assert [row["id"] for row in read(answer)] == [row["id"] for row in whole]
    assert len([one for one in queries if "connections_revocation" in one["sql"]]) == 3
    rest = read(a.get(PATH, format=form, cursor=cursor))
    assert [row["id"] for row in rest] == [row["id"] for row in whole[1:]]


def test_a_file_is_held_a_chunk_at_a_time(a: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    for _ in range(12):
        logged(a.environment)
    credentials = {"dev-id": a.environment.dev_id, "x-api-key": a.api_key}
    response = a.client.get(f"/v2{PATH}?format=csv", headers=credentials)

    lines, most = 0, 0
    for part in response:
        lines += part.count(b"\r\n")
        gc.collect()  # a row and its detail know one another
        most = max(most, sum(type(one) is Revocation for one in gc.get_objects()))

    assert lines == 13
    assert most <= 3 * exports.CHUNK


def test_what_comes_meanwhile_moves_nothing(a: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    for number in range(4):
        logged(a.environment, reference_id=f"{number}")
    credentials = {"dev-id": a.environment.dev_id, "x-api-key": a.api_key}
    response = a.client.get(f"/v2{PATH}?format=jsonl", headers=credentials)
    parts = iter(response)

    taken = next(parts)
    logged(a.environment, reference_id="late")
    rest = b"".join(parts)

    seen = [json.loads(line)["reference_id"] for line in (taken + rest).splitlines()]
    assert seen == ["3", "2", "1", "0"]
