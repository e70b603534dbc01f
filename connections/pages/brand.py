"""The company's colour on its own pages, as a stylesheet: the policy allows no inline style."""

import re
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from connections import links
from connections.models import ConnectAttempt
from connections.pages.access import hosted
from terra_portal import tenancy

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
INK: Colour = (20, 25, 23)
READABLE = 4.5  # WCAG 2.2, 1.4.3
STEP = 0.06


@require_GET
@hosted
def of_link(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link may know its company's colour; an empty sheet for all others."""
    session = links.find(token)
    return _sheet(request, session.environment.accent if session else "")


@require_GET
@hosted
def of_attempt(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The same for the pages after the wearable's, which no longer know the link's token."""
    with tenancy.system("an attempt's id is all that its pages know"):
        found = ConnectAttempt.objects.filter(pk=attempt_id)
        accent = found.values_list("environment__accent", flat=True).first()
    return _sheet(request, accent or "")


def _sheet(request: HttpRequest, accent: str) -> HttpResponse:
    colour = read(accent)
    if colour is None:
        return HttpResponse(content_type="text/css")
    context = {"by_day": _hex(against(colour, WHITE)), "by_night": _hex(against(colour, INK))}
    return render(request, "connect/brand.css", context, content_type="text/css")


def read(accent: str) -> Colour | None:
    """`#rrggbb` and nothing else: what is written into a stylesheet must be a colour."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        return None
    red, green, blue = bytes.fromhex(accent[1:])
    return red, green, blue


def against(colour: Colour, ground: Colour) -> Colour:
    """The colour itself, or as near to it as can still be read on this ground."""
    away = INK if ground == WHITE else WHITE
    while contrast(colour, ground) < READABLE:
        red, green, blue = (
            round(one + (other - one) * STEP) for one, other in zip(colour, away, strict=True)
        )
        colour = red, green, blue
    return colour


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2's contrast ratio."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(colour: Colour) -> str:
    return "#" + bytes(max(0, min(255, channel)) for channel in colour).hex()
