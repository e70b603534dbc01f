"""An index for each way to narrow the revocation log, newest first.

Not atomic: PostgreSQL builds the indexes while others write.
"""

from django.db import migrations, models
from django.db.models.functions import Now

import terra_portal.clock
from terra_portal.indexes import AddIndexMeanwhile


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("connections", "0005_auth_token")]
    operations = [
        # The default is the database's own: processes of the version before go on writing rows.
        migrations.AddField(
            model_name="revocationdetail",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=Now(), default=terra_portal.clock.now, editable=False
            ),
        ),
        migrations.RemoveIndex(model_name="revocationdetail", name="revocation_by_reference"),
        AddIndexMeanwhile(
            model_name="revocationdetail",
            index=models.Index(
                fields=["environment", "reference_id", "-recorded_at", "-revocation"],
                name="revocation_by_reference",
            ),
        ),
        AddIndexMeanwhile(
            model_name="revocation",
            index=models.Index(
                fields=["environment", "door", "-recorded_at", "-id"], name="revocation_by_door"
            ),
        ),
        AddIndexMeanwhile(
            model_name="revocation",
            index=models.Index(
                fields=["environment", "provider", "-recorded_at", "-id"],
                name="revocation_by_provider",
            ),
        ),
    ]
