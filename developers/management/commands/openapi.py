"""Writes the OpenAPI document into docs/openapi.json, where a test compares it with the code."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from developers.api import api

SNAPSHOT = Path(settings.BASE_DIR) / "docs" / "openapi.json"


def document() -> str:
    """Sorted, so that the same operations are always the same text."""
    return json.dumps(api.get_openapi_schema(), indent=1, sort_keys=True, default=str) + "\n"


class Command(BaseCommand):
    help = "Writes the API's OpenAPI document into docs/openapi.json."

    def handle(self, *arguments: Any, **options: Any) -> None:
        SNAPSHOT.write_text(document())
        self.stdout.write(f"wrote {SNAPSHOT.relative_to(settings.BASE_DIR)}")
