"""The wearable side for platform staff: all of it read, no secret shown.

Nothing is changed here but what `incident_admin` asks to be decided.
"""

from django.contrib import admin

from connections.incident_admin import HeldEndAdmin, IncidentAdmin
from connections.models import (
    ConnectAttempt,
    Connection,
    ConnectSession,
    Grant,
    HeldEnd,
    Incident,
    Notice,
    OAuthClient,
    Revocation,
    RevocationDetail,
    Source,
    UpstreamRevoke,
)
from terra_portal.admin import KeyedAdmin

admin.site.register(Incident, IncidentAdmin)
admin.site.register(HeldEnd, HeldEndAdmin)


class ClientKeyedAdmin(KeyedAdmin):
    """For rows of no environment: they belong to a client, whose id has an index."""

    by_text = "oauth_client__client_id"
    search_help_text = "An id, or an OAuth client's client id"


@admin.register(OAuthClient)
class OAuthClientAdmin(KeyedAdmin):
    by_text = "client_id"
    search_help_text = "An id, or a client id"
    list_display = ("client_id", "provider", "owner", "simulated", "revoke_group", "closed_at")
    list_filter = ("provider", "simulated")
    list_select_related = ("owner",)
    ordering = ("provider", "client_id")
    fields = (
        *("id", "provider", "client_id", "owner", "simulated"),
        *("revoke_group", "closed_at", "created_at"),
        *("busy_until", "probe_slot_at", "rejected_at", "rejection_told_at"),
        *("subscription_id", "subscribe_due_at", "subscribe_tries", "subscribe_error"),
        *("crowded_at", "crowded_told_at"),
    )


@admin.register(Source)
class SourceAdmin(KeyedAdmin):
    list_display = ("environment", "provider", "oauth_client", "enabled", "position", "created_at")
    list_filter = ("enabled", "provider")
    list_select_related = ("environment", "oauth_client")
    ordering = ("environment", "position")
    fields = (
        *("id", "environment", "provider", "oauth_client"),
        *("enabled", "position", "created_at"),
    )


@admin.register(Grant)
class GrantAdmin(ClientKeyedAdmin):
    list_display = (
        *("id", "oauth_client", "provider_user_id", "state", "authorisation_number"),
        *("authorised_at", "access_expires_at", "revoke_due_at"),
    )
    list_filter = ("state", "oauth_client__provider")
    list_select_related = ("oauth_client",)
    ordering = ("-pk",)
    fields = (
        *("id", "oauth_client", "provider_user_id", "consent_id", "state", "version"),
        *("authorisation_number", "authorised_at", "scopes", "created_at"),
        *("access_expires_at", "refresh_expires_at", "rival_since"),
        *("leased_until", "refresh_sent_at"),
        *("doubted", "doubtful_since", "gone_since"),
        *("next_probe_at", "unsure_looks", "probes_left"),
        *("subscribed_number", "subscribe_due_at", "subscribe_tries", "subscribe_error"),
        *("revoking_until", "revoke_due_at", "revoke_deadline", "revoke_attempts"),
        *("last_revoke_ended_at", "ended_at", "ended_by"),
    )


@admin.register(Connection)
class ConnectionAdmin(KeyedAdmin):
    list_display = (
        *("id", "environment", "provider", "reference_id", "state", "attention"),
        *("created_at", "ended_at", "end_kind"),
    )
    list_filter = ("state", "attention", "end_kind")
    list_select_related = ("environment",)
    ordering = ("-created_at", "-id")
    fields = (
        *("id", "environment", "grant", "provider", "provider_user_id", "reference_id"),
        *("scopes", "state", "attention", "paused_at", "sequence", "last_webhook_update"),
        *("created_at", "ended_at", "end_kind", "error_told_at"),
    )


@admin.register(ConnectSession)
class ConnectSessionAdmin(KeyedAdmin):
    list_display = (
        *("id", "environment", "reference_id", "created_at", "expires_at"),
        *("opened_at", "connected_at", "cancelled_at"),
    )
    list_filter = (("connected_at", admin.EmptyFieldListFilter), "show_disconnect")
    list_select_related = ("environment",)
    ordering = ("-created_at", "-id")
    fields = (
        *("id", "environment", "reference_id", "providers", "language", "show_disconnect"),
        *("success_url", "failure_url", "created_by", "created_at", "expires_at"),
        *("opened_at", "connected_at", "cancelled_at", "late_visit_at"),
    )


@admin.register(ConnectAttempt)
class ConnectAttemptAdmin(KeyedAdmin):
    list_display = (
        *("id", "environment", "provider", "oauth_client", "state", "reason"),
        *("created_at", "finished_at"),
    )
    list_filter = ("state", "reason")
    list_select_related = ("environment", "oauth_client")
    ordering = ("-created_at", "-id")
    fields = (
        *("id", "session", "environment", "provider", "oauth_client", "user_id"),
        *("requested_scopes", "state", "reason", "claimed_at", "grant", "scopes"),
        *("ask_again", "exchanged_at", "created_at", "expires_at", "finished_at"),
    )


@admin.register(Revocation)
class RevocationAdmin(KeyedAdmin):
    list_display = (
        *("recorded_at", "environment", "user_id", "provider", "kind", "door"),
        *("connected_at", "occurred_at"),
    )
    list_filter = ("kind", "door")
    list_select_related = ("environment",)
    ordering = ("-recorded_at", "-id")
    fields = (
        *("id", "environment", "user_id", "provider", "kind", "door"),
        *("connected_at", "occurred_at", "recorded_at"),
    )


@admin.register(RevocationDetail)
class RevocationDetailAdmin(KeyedAdmin):
    list_display = ("revocation", "environment", "reference_id", "actor", "evidence", "erased_at")
    list_filter = (("erased_at", admin.EmptyFieldListFilter),)
    list_select_related = ("environment", "revocation")
    ordering = ("-pk",)
    fields = (
        *("id", "revocation", "environment", "reference_id"),
        *("actor", "evidence", "erased_at"),
    )


@admin.register(UpstreamRevoke)
class UpstreamRevokeAdmin(ClientKeyedAdmin):
    by_text = "grant__oauth_client__client_id"
    list_display = (
        *("started_at", "grant", "authorisation_number", "outcome", "ended_at", "detail"),
    )
    list_filter = ("outcome",)
    list_select_related = ("grant",)
    ordering = ("-started_at",)
    fields = (
        *("id", "grant", "authorisation_number", "started_at"),
        *("ended_at", "outcome", "detail"),
    )


@admin.register(Notice)
class NoticeAdmin(ClientKeyedAdmin):
    list_display = (
        *("received_at", "oauth_client", "kind", "provider_user_id", "state"),
        *("outcome", "occurred_at", "decided_at"),
    )
    list_filter = ("state", "kind")
    list_select_related = ("oauth_client",)
    ordering = ("-received_at",)
    fields = (
        *("id", "oauth_client", "kind", "provider_user_id", "consent_id", "occurred_at"),
        *("received_at", "state", "outcome", "due_at", "decided_at"),
    )
