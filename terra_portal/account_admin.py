"""allauth's own tables in the admin, without what they would show of their secrets.

Its social tables hold nothing here (wearables are ours), and their forms show tokens in clear.
"""

from typing import ClassVar

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin

from terra_portal.admin import ReadOnlyAdmin


class AuthenticatorAdmin(ReadOnlyAdmin):
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("=user__email",)
    exclude = ("data",)


class UserSessionAdmin(ReadOnlyAdmin):
    """Without the session's key: whoever reads it is that person."""

    list_display = ("user", "created_at", "last_seen_at", "ip")
    list_select_related = ("user",)
    search_fields = ("=user__email",)
    exclude: ClassVar[tuple[str, ...]] = ("session_key", "data")


def restrain(site: admin.AdminSite) -> None:
    """Called once, after every application has registered its tables."""
    site.unregister([SocialAccount, SocialApp, SocialToken, Authenticator, UserSession])
    site.register(Authenticator, AuthenticatorAdmin)
    site.register(UserSession, UserSessionAdmin)
