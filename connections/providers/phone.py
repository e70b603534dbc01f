"""Wearable data that lives on the phone: no server of the maker's to ask, no consent to revoke."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhoneSource:
    """`resource` is the name that the API uses, as Terra spells it."""

    resource: str
    display_name: str


PHONE_SOURCES = (
    PhoneSource("APPLE", "Apple Health"),
    PhoneSource("HEALTH_CONNECT", "Health Connect"),
    PhoneSource("SAMSUNG", "Samsung Health"),
)
