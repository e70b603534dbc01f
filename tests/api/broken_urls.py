"""Addresses below /v2 that go wrong in ways in which no operation does yet."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja.errors import HttpError

from developers.api import answered
from developers.rest.problems import refused


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    raise LookupError("nothing of this is for readers")


def status(request: HttpRequest, number: int) -> HttpResponse:
    return refused(request, HttpError(number, "in words"))


urlpatterns = [path("v2/broken", broken), path("v2/status/<int:number>", answered(status))]
