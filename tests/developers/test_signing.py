"""Headers of a request: two signatures after a rotation, and a company's own beside ours."""

import json
from datetime import timedelta

import pytest

from developers.models import Delivery, Environment
from developers.webhooks import destinations, signing
from developers.webhooks.delivery import deliver_due
from terra_portal import clock
from tests.developers.outbox import Receiver, happened

pytestmark = pytest.mark.django_db


def signed(*, later: timedelta = timedelta()) -> dict[str, str]:
    delivery = Delivery.objects.select_related("event", "destination", "environment").get()
    return signing.headers(delivery, b"{}", at=clock.now() + later)


@pytest.mark.parametrize(
    ("keep_hours", "later", "count"),
    [
        (None, timedelta(), 1),
        (0, timedelta(), 1),
        (24, timedelta(), 2),
        (24, timedelta(hours=23, minutes=59), 2),
        (24, timedelta(hours=24), 1),
        (168, timedelta(days=6, hours=23), 2),
        (168, timedelta(days=7), 1),
    ],
)
def test_both_secrets_sign_until_the_time_of_the_old_one_is_over(
    environment: Environment,
    receiving: Receiver,
    keep_hours: int | None,
    later: timedelta,
    count: int,
) -> None:
    if keep_hours is not None:
        destinations.rotate(receiving.destination, keep_hours=keep_hours)
    happened(environment)
    headers = signed(later=later)
    stamp, *terra = headers["terra-signature"].split(",")
    assert stamp == f"t={headers['webhook-timestamp']}"
    assert [one.partition("=")[0] for one in terra] == ["v1"] * count
    standard = headers["webhook-signature"].split(" ")
    assert [one.partition(",")[0] for one in standard] == ["v1"] * count
    assert len(set(terra)) == len(set(standard)) == count


def test_a_companys_own_headers_come_with_ours(
    environment: Environment, receiving: Receiver
) -> None:
    destinations.change(receiving.destination, headers={"Authorization": "Bearer of-theirs"})
    happened(environment)
    deliver_due()
    (arrival,) = receiving.server.arrivals
    assert arrival.headers["authorization"] == "Bearer of-theirs"
    arrival.verify(receiving.secret)


def test_no_header_of_ours_is_overridden_whoever_wrote_the_row(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    names = [*signed(), "Host", "Content-Length", "Transfer-Encoding", "User-Agent", "TERRA-X"]
    forged = {name.title(): "forged" for name in names}
    receiving.destination.headers = json.dumps({**forged, "X-Own": "theirs"})
    receiving.destination.save(update_fields=["headers"])
    assert deliver_due() == 1
    (arrival,) = receiving.server.arrivals
    assert "forged" not in arrival.headers.values()
    assert arrival.headers["x-own"] == "theirs"
    assert arrival.headers["host"] == receiving.server.url.split("/")[2]
    arrival.verify(receiving.secret)
