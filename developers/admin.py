"""The company side for platform staff: everything can be read, no secret shown.

Accounts alone can be changed here, by superusers.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest

from developers.destination_admin import DestinationAdmin
from developers.models import (
    ApiKey,
    Attempt,
    AuditEntry,
    Company,
    Delivery,
    Destination,
    Environment,
    Event,
    Membership,
    Recovery,
    User,
)
from terra_portal.admin import KeyedAdmin

if TYPE_CHECKING:
    AccountAdmin = StockUserAdmin[User]
    CreationForm = AdminUserCreationForm[User]
    ChangeForm = UserChangeForm[User]
else:
    AccountAdmin = StockUserAdmin
    CreationForm = AdminUserCreationForm
    ChangeForm = UserChangeForm


class AccountCreationForm(CreationForm):
    class Meta:
        model = User
        fields = ("email",)


class AccountChangeForm(ChangeForm):
    class Meta:
        model = User
        fields = "__all__"


admin.site.register(Destination, DestinationAdmin)


def _by_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser


@admin.register(User)
class UserAdmin(AccountAdmin):
    """Only superusers, for whoever changes an account could make themselves one."""

    add_form = AccountCreationForm
    form = AccountChangeForm
    show_full_result_count = False
    list_display = ("email", "is_staff", "is_superuser", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email",)
    ordering = ("email",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Name", {"fields": ("first_name", "last_name")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)
    filter_horizontal = ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _by_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _by_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _by_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Accounts are made inactive: what they did stays theirs."""
        return False


@admin.register(Company)
class CompanyAdmin(KeyedAdmin):
    by_text = "slug"
    search_help_text = "An id, or a slug"
    list_display = ("name", "slug", "created_at")
    ordering = ("-created_at",)
    fields = ("id", "name", "slug", "created_at")


@admin.register(Environment)
class EnvironmentAdmin(KeyedAdmin):
    by_text = "dev_id"
    list_display = ("dev_id", "company", "kind", "display_name", "user_limit", "created_at")
    list_filter = ("kind",)
    list_select_related = ("company",)
    ordering = ("-created_at",)
    fields = (
        *("id", "company", "kind", "dev_id", "display_name", "accent"),
        *("return_origins", "user_limit", "payload_days", "created_at"),
    )


@admin.register(Membership)
class MembershipAdmin(KeyedAdmin):
    by_text = "user__email"
    search_help_text = "An id, or a member's e-mail address"
    list_display = ("user", "company", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "company")
    ordering = ("-created_at",)
    fields = ("id", "company", "user", "role", "created_at")


@admin.register(ApiKey)
class ApiKeyAdmin(KeyedAdmin):
    list_display = ("name", "hint", "environment", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("environment",)
    ordering = ("-created_at",)
    fields = (
        *("id", "environment", "name", "hint", "created_by"),
        *("created_at", "last_used_at", "revoked_at"),
    )


@admin.register(AuditEntry)
class AuditEntryAdmin(KeyedAdmin):
    by_text = "company__slug"
    search_help_text = "An id, or a company's slug"
    list_display = ("at", "company", "environment", "actor", "via", "action", "subject")
    list_select_related = ("company", "environment", "actor")
    ordering = ("-at",)
    fields = ("id", "company", "environment", "actor", "via", "action", "subject", "at")


@admin.register(Event)
class EventAdmin(KeyedAdmin):
    list_display = (
        *("occurred_at", "type", "environment", "subject_id", "sequence", "id"),
        *("is_example", "erased_at"),
    )
    list_filter = ("type", "is_example")
    list_select_related = ("environment",)
    ordering = ("-occurred_at", "-id")
    fields = (
        *("id", "environment", "type", "subject_id", "sequence", "reference_id"),
        *("terra_reference", "is_example", "occurred_at", "erased_at", "body"),
    )


@admin.register(Delivery)
class DeliveryAdmin(KeyedAdmin):
    list_display = (
        *("id", "environment", "event", "destination", "state", "attempt_count"),
        *("due_at", "created_at", "finished_at"),
    )
    list_filter = ("state",)
    list_select_related = ("environment", "event", "destination")
    ordering = ("-created_at", "-id")
    fields = (
        *("id", "environment", "event", "destination", "state", "attempt_count"),
        *("round_count", "due_at", "created_at", "finished_at"),
    )


@admin.register(Attempt)
class AttemptAdmin(KeyedAdmin):
    by_text = "delivery__environment__dev_id"
    list_display = ("started_at", "delivery", "number", "status_code", "error", "duration_ms")
    list_filter = (("status_code", admin.EmptyFieldListFilter),)
    list_select_related = ("delivery",)
    ordering = ("-started_at",)
    fields = (
        *("id", "delivery", "number", "started_at", "duration_ms"),
        *("status_code", "error", "response_excerpt"),
    )


@admin.register(Recovery)
class RecoveryAdmin(KeyedAdmin):
    list_display = (
        *("created_at", "environment", "destination", "since", "state"),
        *("total", "done", "finished_at"),
    )
    list_filter = ("state",)
    list_select_related = ("environment", "destination")
    ordering = ("-created_at", "-id")
    fields = (
        *("id", "environment", "destination", "since", "state", "total", "done"),
        *("due_at", "created_by", "created_at", "finished_at"),
    )
