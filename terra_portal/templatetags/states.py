"""How each state and each door is drawn: shape class and word, or icon and word."""

# The shape alone tells states apart; colour and word say it again.
STATES = {
    # connections
    "active": ("ok", "Active"),
    "attention": ("warn", "Needs attention"),
    "needs_reauth": ("warn", "Needs attention"),
    "provider_failing": ("warn", "Needs attention"),
    "client_rejected": ("warn", "Needs attention"),
    "doubtful": ("info", "Being checked"),
    "revoking": ("waiting", "Being revoked"),
    "unheld": ("waiting", "Not held"),
    "erasing": ("waiting", "Erasing"),
    "paused": ("info", "Paused"),
    "ended": ("ended", "Ended"),
    # kinds of end
    "revoked": ("bad", "Revoked"),
    "disconnected": ("ended", "Disconnected"),
    "replaced": ("replaced", "Replaced"),
    "moved": ("replaced", "Moved"),
    "erased": ("ended", "Erased"),
    "environment_closed": ("ended", "Environment closed"),
    "client_removed": ("ended", "App removed"),
    "provider_retired": ("retired", "Provider retired"),
    "expired": ("ended", "Expired"),
    # connect links and attempts
    "not_opened": ("waiting", "Not opened"),
    "opened": ("info", "Opened"),
    "started": ("info", "Started"),
    "exchanged": ("info", "Authorised"),
    "confirming": ("waiting", "To be confirmed"),
    "connected": ("ok", "Connected"),
    "cancelled": ("ended", "Cancelled"),
    "failed": ("bad", "Failed"),
    # sources
    "offered": ("ok", "Offered"),
    "off": ("ended", "Off"),
    "needs_own": ("warn", "Needs your own application"),
    "unavailable": ("retired", "Not available here"),
    # deliveries and destinations
    "waiting": ("waiting", "Waiting"),
    "due": ("waiting", "Waiting"),
    "claimed": ("info", "Sending"),
    "delivered": ("ok", "Delivered"),
    "retrying": ("warn", "Retrying"),
    "exhausted": ("bad", "Given up"),
    "held": ("info", "Held"),
    "enabled": ("ok", "Enabled"),
    "failing": ("warn", "Failing"),
    "disabled": ("bad", "Disabled"),
}

DOORS = {
    "api": ("terminal", "API"),
    "dashboard": ("layout-dashboard", "Dashboard"),
    "hosted_page": ("smartphone", "Your page"),
    "staff": ("shield-check", "Platform staff"),
    "bulk": ("users", "Bulk job"),
    "reconnect": ("repeat-2", "Reconnect"),
    "notice": ("bell", "Notice"),
    "refresh": ("refresh-cw", "Refresh"),
    "liveness": ("radio", "Probe"),
    "system": ("settings", "System"),
}


def drawn(state: str) -> tuple[str, str]:
    """Shape class and word of a state; one that is not listed is quiet and says its own name."""
    return STATES.get(state, ("", state.replace("_", " ").capitalize()))


def entered(door: str) -> tuple[str, str]:
    """Icon and word of a door."""
    return DOORS.get(door, ("door-open", door.replace("_", " ").capitalize()))
