"""The code on the page for those who come from Terra, run as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from connections.models import ConnectSession
from developers.companies import CreatedCompany
from tests import cast
from tests.javascript import Node

PAGE = Path(settings.BASE_DIR) / "docs" / "moving-from-terra.md"
PORTAL = "https://portal.example"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company() -> CreatedCompany:
    made = cast.company("A")
    cast.source(made.environments["testing"], cast.oauth_client())
    return made


def code(language: str, portal: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found.count(PORTAL) == 1  # one line
    return str(found.replace(PORTAL, portal))


def run(command: list[str], company: CreatedCompany, folder: Path | str) -> str:
    """What it prints, run with the credentials where the page says they are."""
    credentials = {
        "DEV_ID": company.environments["testing"].dev_id,
        "API_KEY": company.api_keys["testing"],
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | credentials,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def assert_link(printed: str) -> None:
    assert printed.startswith(f"{settings.PUBLIC_BASE_URL}/connect/")
    assert ConnectSession.objects.get().reference_id == "anna-1"


def test_python(live_server: LiveServer, company: CreatedCompany, tmp_path: Path) -> None:
    program = code("python", live_server.url)

    assert_link(run([sys.executable, "-c", program], company, tmp_path))


def test_javascript(live_server: LiveServer, company: CreatedCompany, node: Node) -> None:
    program = code("js", live_server.url)

    command = ["node", "--input-type=module", "--eval", program]
    assert_link(run(command, company, node.folder))
