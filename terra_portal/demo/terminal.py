"""What the person at the terminal reads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper

from terra_portal.demo.people import PASSWORD, Person

BEAT_SECONDS = 5.0


class Terminal:
    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._shown = 0.0

    def say(self, text: str = "") -> None:
        self._out.write(text)
        self._out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A line when it is done, and the time that it took."""
        began = self._shown = time.monotonic()
        yield
        self.say(f"✓ {name} ({time.monotonic() - began:.1f} s)")

    def alive(self, text: str) -> None:
        """Within a long step: how far it is, every few seconds."""
        if time.monotonic() - self._shown >= BEAT_SECONDS:
            self._shown = time.monotonic()
            self.say(f"  {text}")

    def where_to_go(
        self, portal: str, sandbox: str, people: list[Person], inboxes: dict[str, str]
    ) -> None:
        width = max(len(person.email) for person in people)
        self.say(f"\nTerra Portal is ready.\n\n  Portal    {portal}/")
        for person in people:
            self.say(f"            {person.email:<{width}}  {person.what}")
        self.say(f"            the password of each is {PASSWORD}")
        self.say(f"  Mail      {portal}/demo/mail/   what the portal would have sent")
        self.say(f"  Admin     {portal}/admin/       for staff")
        self.say(f"  Sandbox   {sandbox}/   a wearable; any name is an account")
        self.say(f"            {sandbox}/settings/apps/   where its people revoke access")
        for name, url in inboxes.items():
            self.say(f"  Inbox     {url}   webhooks of {name}")
        self.say("\nCtrl-C stops it. Everything is kept in var/; --reset begins anew.\n")
