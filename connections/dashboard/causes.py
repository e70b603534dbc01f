"""Who or what ended a connection, in the words of the company that reads it."""

from connections.states import Door, End

AT_PROVIDER = "By the person, at the provider"
ON_YOUR_PAGE = "By the person, on your page"
BY_YOU = "By you"
REPLACED = "Replaced by a reconnect"
FOUND = "Found on refresh or probe"
OTHERWISE = "Otherwise"

# Departures start with clay; the order is that of the bars.
TONES = {AT_PROVIDER: 2, ON_YOUR_PAGE: 3, BY_YOU: 4, REPLACED: 5, FOUND: 1}

_BY_YOU = {Door.API, Door.DASHBOARD, Door.BULK}
_FOUND = {Door.REFRESH, Door.LIVENESS}

# What happened, as a sentence under the kind of end.
_SENTENCES = {
    End.REVOKED: "The person withdrew access at the provider",
    End.ERASED: "Erased with everything that was stored",
    End.ENVIRONMENT_CLOSED: "This environment was closed",
    End.CLIENT_REMOVED: "The application was removed",
    End.PROVIDER_RETIRED: "The provider switched its service off",
    End.EXPIRED: "The connection ran out",
    End.REPLACED: "The same account came back and has a new user_id",
    End.MOVED: "Moved to a new user_id",
}
_DISCONNECTED = {
    Door.API: "You disconnected it through the API",
    Door.DASHBOARD: "You disconnected it in the dashboard",
    Door.BULK: "You disconnected it in a bulk job",
    Door.HOSTED_PAGE: "The person disconnected on your page",
    Door.STAFF: "Platform staff disconnected it",
}


def cause(kind: str, door: str) -> str:
    """One of the causes that charts tell apart."""
    if kind == End.REVOKED:
        return FOUND if door in _FOUND else AT_PROVIDER
    if kind in {End.REPLACED, End.MOVED}:
        return REPLACED
    if door == Door.HOSTED_PAGE:
        return ON_YOUR_PAGE
    return BY_YOU if door in _BY_YOU else OTHERWISE


def sentence(kind: str, door: str) -> str:
    """What happened to the connection."""
    if kind == End.DISCONNECTED:
        return _DISCONNECTED.get(Door(door), "The connection was ended")
    return _SENTENCES[End(kind)]
