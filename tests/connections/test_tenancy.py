"""Who the code runs for, and that the story's guard would notice nobody."""

import pytest

from connections.models import Connection
from terra_portal import tenancy
from tests.story.guard import guarded, tenant_tables
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def test_scopes_nest_and_end() -> None:
    assert tenancy.current() is None
    with tenancy.system("outer"):
        with tenancy.system("inner"):
            assert tenancy.current() == tenancy.Scope(reason="inner")
        assert tenancy.current() == tenancy.Scope(reason="outer")
    assert tenancy.current() is None


def test_the_guard_notices_a_query_on_nobodys_behalf() -> None:
    def marked() -> None:
        with tenancy.system("a test"):
            Connection.objects.count()

    with guarded() as guard:
        run_together(marked)
        assert (guard.seen, guard.strays) == (1, [])
        run_together(lambda: Connection.objects.count())
    assert len(guard.strays) == 1


def test_what_belongs_to_an_environment_is_guarded() -> None:
    assert {"connections_connection", "connections_revocation", "developers_event"} <= (
        tenant_tables()
    )
