import uuid

import django.db.models.deletion
from django.db import migrations, models

import terra_portal.clock


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0004_user_counts"),
        ("developers", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuthToken",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "token_hash",
                    models.CharField(editable=False, max_length=64, unique=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=terra_portal.clock.now, editable=False),
                ),
                ("expires_at", models.DateTimeField()),
                ("redeemed_at", models.DateTimeField(null=True)),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="auth_tokens",
                        to="developers.environment",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="auth_token_expires")],
            },
        ),
    ]
