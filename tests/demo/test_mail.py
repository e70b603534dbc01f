"""What the demo would have sent is read in the browser."""

import re

import requests
from django.test import Client

from tests.demo.process import Demo, eventually


def test_a_sign_up_s_code_is_in_the_mailbox(demo: Demo) -> None:
    browser = requests.Session()
    page = browser.get(f"{demo.portal}/accounts/signup/", timeout=20)
    sent = {
        "email": "newcomer@example.org",
        "password1": "spring-tide-42",
        "csrfmiddlewaretoken": browser.cookies["portal_csrf"],
    }
    browser.post(page.url, data=sent, headers={"Referer": page.url}, timeout=20)

    stranger = requests.Session()
    mailbox = f"{demo.portal}/demo/mail/"
    listed = eventually(
        lambda: re.search(
            r'href="(/demo/mail/[^"]+/)".*?newcomer@example.org',
            stranger.get(mailbox, timeout=20).text,
            re.DOTALL,
        )
    )
    mail = stranger.get(demo.portal + listed[1], timeout=20)
    assert mail.status_code == 200
    assert "newcomer@example.org" in mail.text
    assert stranger.get(f"{mailbox}no-such-mail/", timeout=20).status_code == 404


def test_there_is_no_mailbox_elsewhere(client: Client) -> None:
    assert client.get("/demo/mail/").status_code == 404
