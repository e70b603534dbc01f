import django.db.models.deletion
import terra_portal.clock
import terra_portal.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("developers", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Recovery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("since", models.DateTimeField()),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("done", "Done")],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("due_at", models.DateTimeField(default=terra_portal.clock.now)),
                (
                    "created_at",
                    models.DateTimeField(default=terra_portal.clock.now, editable=False),
                ),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "recoveries",
            },
        ),
        migrations.AddField(
            model_name="auditentry",
            name="via",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="delivery",
            name="round_count",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="destination",
            name="alarm_due_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="destination",
            name="deadline_seconds",
            field=models.PositiveSmallIntegerField(default=8),
        ),
        migrations.AddField(
            model_name="destination",
            name="failing_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="destination",
            name="headers",
            field=terra_portal.fields.EncryptedTextField(blank=True, default="", editable=False),
        ),
        migrations.AddField(
            model_name="destination",
            name="last_success_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="destination",
            name="previous_secret",
            field=terra_portal.fields.EncryptedTextField(blank=True, default="", editable=False),
        ),
        migrations.AddField(
            model_name="destination",
            name="previous_secret_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="destination",
            name="slow_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="destination",
            name="stopped_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="destination",
            name="stopped_because",
            field=models.CharField(
                blank=True,
                choices=[
                    ("paused", "Paused by a member"),
                    ("gone", "It answered 410 Gone"),
                    ("failing", "Nothing but failures for five days"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="destination",
            name="warned_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="environment",
            name="payload_days",
            field=models.PositiveSmallIntegerField(default=14),
        ),
        migrations.AddField(
            model_name="event",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="is_example",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="event",
            name="reference_id",
            field=models.CharField(blank=True, editable=False, max_length=512),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ["due", "claimed"])),
                fields=["destination", "due_at"],
                name="delivery_due_of",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "claimed")),
                fields=["destination", "due_at"],
                name="delivery_claimed",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["destination", "state", "-created_at", "-id"], name="delivery_by_state"
            ),
        ),
        migrations.AddIndex(
            model_name="destination",
            index=models.Index(
                condition=models.Q(("alarm_due_at__isnull", False)),
                fields=["alarm_due_at"],
                name="destination_to_alarm",
            ),
        ),
        migrations.AddIndex(
            model_name="destination",
            index=models.Index(
                condition=models.Q(("failing_since__isnull", False), ("state", "enabled")),
                fields=["failing_since"],
                name="destination_failing",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["environment", "type", "-occurred_at", "-id"], name="event_by_type"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("reference_id", ""), _negated=True),
                fields=["environment", "reference_id", "-occurred_at", "-id"],
                name="event_by_reference",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("subject_id__isnull", False)),
                fields=["environment", "subject_id", "-occurred_at", "-id"],
                name="event_by_user",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", True)),
                fields=["environment", "occurred_at"],
                name="event_to_erase",
            ),
        ),
        migrations.AddConstraint(
            model_name="destination",
            constraint=models.CheckConstraint(
                condition=models.Q(("stopped_because__in", ["", "paused", "gone", "failing"])),
                name="destination_stopped_because",
            ),
        ),
        migrations.AddConstraint(
            model_name="destination",
            constraint=models.CheckConstraint(
                condition=models.Q(("deadline_seconds__gte", 1), ("deadline_seconds__lte", 30)),
                name="destination_deadline",
            ),
        ),
        migrations.AddConstraint(
            model_name="environment",
            constraint=models.CheckConstraint(
                condition=models.Q(("payload_days__gte", 1), ("payload_days__lte", 90)),
                name="environment_payload_days",
            ),
        ),
        migrations.AddField(
            model_name="recovery",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="recovery",
            name="destination",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recoveries",
                to="developers.destination",
            ),
        ),
        migrations.AddField(
            model_name="recovery",
            name="environment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="developers.environment"
            ),
        ),
        migrations.AddIndex(
            model_name="recovery",
            index=models.Index(
                fields=["environment", "-created_at", "-id"], name="recovery_listed"
            ),
        ),
        migrations.AddIndex(
            model_name="recovery",
            index=models.Index(
                condition=models.Q(("state", "running")), fields=["due_at"], name="recovery_running"
            ),
        ),
        migrations.AddConstraint(
            model_name="recovery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "done"])), name="recovery_state"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "held")), fields=["destination"], name="delivery_held"
            ),
        ),
        migrations.AddIndex(
            model_name="destination",
            index=models.Index(
                condition=models.Q(("removed_at", None), ("state", "disabled")),
                fields=["-stopped_at"],
                name="destination_disabled",
            ),
        ),
    ]
