"""The closed lists of the wearable side. Each is defined here and nowhere else."""

from django.db.models import TextChoices


class GrantState(TextChoices):
    UNHELD = "unheld", "Tokens, no connection yet"
    ACTIVE = "active", "Active"
    DOUBTFUL = "doubtful", "Being probed"
    NEEDS_REAUTH = "needs_reauth", "Needs a new authorisation"
    REVOKING = "revoking", "Being revoked at the provider"
    ENDED = "ended", "Ended"


class ConnectionState(TextChoices):
    ACTIVE = "active", "Active"
    ENDED = "ended", "Ended"


class Attention(TextChoices):
    """Why a connection that was not revoked cannot be read just now."""

    NONE = "", "None"
    NEEDS_REAUTH = "needs_reauth", "The person has to authorise again"
    PROVIDER_FAILING = "provider_failing", "The provider does not answer as it should"
    CLIENT_REJECTED = "client_rejected", "The provider rejects the application's credentials"


class AttemptState(TextChoices):
    STARTED = "started", "Started"
    EXCHANGED = "exchanged", "Exchanged"
    CONFIRMING = "confirming", "Waiting for a confirmation"
    WAITING = "waiting", "Waiting for a revoke to end"
    CONNECTED = "connected", "Connected"
    FAILED = "failed", "Failed"


class End(TextChoices):
    """The kind of end of a connection."""

    REVOKED = "revoked", "Revoked at the provider"
    DISCONNECTED = "disconnected", "Disconnected"
    ERASED = "erased", "Erased"
    ENVIRONMENT_CLOSED = "environment_closed", "Environment closed"
    CLIENT_REMOVED = "client_removed", "Application removed"
    PROVIDER_RETIRED = "provider_retired", "Provider retired"
    EXPIRED = "expired", "Expired"
    REPLACED = "replaced", "Replaced"
    MOVED = "moved", "Moved"


class Door(TextChoices):
    """How we know of an end."""

    API = "api", "API"
    DASHBOARD = "dashboard", "Dashboard"
    HOSTED_PAGE = "hosted_page", "The person's own page"
    STAFF = "staff", "Platform staff"
    BULK = "bulk", "Bulk job"
    RECONNECT = "reconnect", "Reconnect"
    NOTICE = "notice", "Notice of the provider"
    REFRESH = "refresh", "Token refresh"
    LIVENESS = "liveness", "Probe"
    SYSTEM = "system", "System"


class CancelReason(TextChoices):
    """Why an attempt came to nothing, each with the sentence that the person reads."""

    ACCESS_DENIED = "access_denied", "You did not give access, so nothing was connected."
    SESSION_EXPIRED = "session_expired", "This link has expired. Ask for a new one."
    SESSION_USED = "session_used", "This link has already been used."
    SESSION_CANCELLED = "session_cancelled", "This link has been withdrawn. Ask for a new one."
    ATTEMPT_EXPIRED = (
        "attempt_expired",
        "This took too long, so nothing was connected. Please start again.",
    )
    REQUIRED_SCOPES_MISSING = (
        "required_scopes_missing",
        "Some of the data that is needed was not shared, so nothing was connected.",
    )
    PROVIDER_UNAVAILABLE = (
        "provider_unavailable",
        "The wearable's service does not answer at the moment. Please try again later.",
    )
    PROVIDER_ERROR = (
        "provider_error",
        "The wearable's service gave an answer that we could not use. Please try again.",
    )
    PROVIDER_RETIRED = (
        "provider_retired",
        "The maker of this wearable has switched its service off.",
    )
    USER_LIMIT_REACHED = "user_limit_reached", "No more people can be connected here at present."
    ACCOUNT_MISMATCH = "account_mismatch", "This is not the wearable account that was expected."
    NOT_CONFIRMED = "not_confirmed", "You did not confirm, so nothing was connected."


class NoticeState(TextChoices):
    RECEIVED = "received", "Received"
    DONE = "done", "Acted on"
    IGNORED = "ignored", "Nothing to do"


class RevokeOutcome(TextChoices):
    CONFIRMED = "confirmed", "Confirmed by the provider"
    UNKNOWN = "unknown", "Outcome unknown"
    REFUSED = "refused", "Refused by the provider"
    GIVEN_UP = "given_up", "Given up"


class IncidentState(TextChoices):
    OPEN = "open", "Ends are held"
    RELEASED = "released", "Released"
    DISCARDED = "discarded", "Discarded"


class HeldOutcome(TextChoices):
    """What became of an end that the incident brake held."""

    HELD = "", "Held"
    ENDED = "ended", "Ended"
    RECOVERED = "recovered", "The authorisation was seen alive"
    OUTDATED = "outdated", "Overtaken by other news"
    DISCARDED = "discarded", "Discarded"
