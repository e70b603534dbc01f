"""The wearable side of the REST API: Terra's operations on links, users and integrations."""
