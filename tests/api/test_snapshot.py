"""The committed OpenAPI document is the one that the code makes."""

from developers.management.commands.openapi import SNAPSHOT, document


def test_the_snapshot_is_up_to_date(db: None) -> None:
    assert SNAPSHOT.read_text() == document(), (
        "docs/openapi.json is not what the code says. If the change is meant: ./run openapi"
    )
