import pytest

from developers import environments
from developers.models import AuditEntry, Environment
from developers.states import Role
from tests.dashboard.scene import Side

GIVEN = {
    "display_name": "Alder Care",
    "accent": "#14532D",
    "return_origins": "https://App.Alder.example/\n\nmyapp://\nhttps://app.alder.example:443",
}


def stored(side: Side) -> tuple[str, str, list[str]]:
    now = Environment.objects.get(pk=side.environment.pk)
    return now.display_name, now.accent, now.return_origins


def test_stores_them_in_their_one_spelling(a: Side) -> None:
    answer = a.client.post(a.url("settings/"), GIVEN, follow=True)
    assert "Saved." in answer.content.decode()
    assert stored(a) == ("Alder Care", "#14532d", ["https://app.alder.example", "myapp://"])
    shown = answer.context["form"]["return_origins"].value()
    assert shown == "https://app.alder.example\nmyapp://"
    entry = AuditEntry.objects.get(action="environment.updated")
    assert (entry.environment, entry.actor) == (a.environment, a.owner)


def test_the_other_environments_keep_theirs(a: Side) -> None:
    a.client.post(a.url("settings/"), GIVEN)
    others = Environment.objects.filter(company=a.company).exclude(pk=a.environment.pk)
    assert [(row.display_name, row.accent, row.return_origins) for row in others] == [
        ("", "", []),
        ("", "", []),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "javascript:alert(1)",
        "JavaScript://%0aalert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "vbscript:x",
        "blob:https://a.example/1",
        "https://a.example/path",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://*.a.example",
        "https://owner:secret@a.example",
        "https://a.example\\.b.example",
        "https://a.example:99999",
        "https://",
        "a.example",
        "myapp://callback",
        "my app://",
        "bücher://",
    ],
)
def test_refuses_what_is_no_return_address_and_keeps_what_was_typed(a: Side, line: str) -> None:
    given = GIVEN | {"return_origins": f"https://fine.example\n{line}"}
    answer = a.client.post(a.url("settings/"), given)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == ["return_origins"]
    assert form["return_origins"].value() == given["return_origins"]
    assert form["display_name"].value() == "Alder Care"
    assert stored(a) == ("", "", [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", "n" * 101),
        ("display_name", "two\u202enames"),
        ("accent", "green"),
        ("accent", "#12345"),
        ("accent", "#ggggg0"),
        ("return_origins", "\n".join(f"https://{n}.example" for n in range(51))),
    ],
)
def test_refuses_what_does_not_fit_and_names_the_field(a: Side, field: str, value: str) -> None:
    answer = a.client.post(a.url("settings/"), GIVEN | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert stored(a) == ("", "", [])


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://A.example/x?y#z", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("https://a.example:8443/x", "https://a.example:8443"),
        ("http://[::1]:3000/done", "http://[::1]:3000"),
        ("MyApp://done?x=1", "myapp://"),
        ("com.alder.app:/done", "com.alder.app://"),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert environments.origin(url) == origin


def test_developers_and_viewers_read_them(a: Side) -> None:
    for role in (Role.DEVELOPER, Role.VIEWER):
        reader = a.colleague(role)
        page = reader.get(a.url("settings/")).content.decode()
        assert a.environment.dev_id in page
        assert "<textarea" not in page
        assert reader.post(a.url("settings/"), GIVEN).status_code == 403
    assert stored(a) == ("", "", [])


def test_admins_change_them(a: Side) -> None:
    assert a.colleague(Role.ADMIN).post(a.url("settings/"), GIVEN).status_code == 302
    assert stored(a)[0] == "Alder Care"


def test_outsiders_change_nothing(a: Side, b: Side) -> None:
    assert b.client.post(a.url("settings/"), GIVEN).status_code == 404
    assert stored(a) == ("", "", [])


def kept(side: Side) -> int:
    return Environment.objects.get(pk=side.environment.pk).payload_days


def test_payloads_are_kept_as_long_as_it_is_set(a: Side) -> None:
    assert kept(a) == 14
    a.client.post(a.url("settings/"), GIVEN | {"payload_days": "90"})
    assert kept(a) == 90
    a.client.post(a.url("settings/"), GIVEN)
    assert kept(a) == 90


@pytest.mark.parametrize("days", ["0", "91", "-1", "x", "1.5"])
def test_other_lengths_are_refused(a: Side, days: str) -> None:
    answer = a.client.post(a.url("settings/"), GIVEN | {"payload_days": days})
    assert answer.status_code == 422
    assert kept(a) == 14


def test_viewers_read_how_long_payloads_are_kept(a: Side) -> None:
    page = a.colleague(Role.VIEWER).get(a.url("settings/")).content.decode()
    assert "14 days" in page
