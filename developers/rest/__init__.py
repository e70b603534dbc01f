"""The company side of the REST API, under /v2/portal: of this portal's own, not Terra's."""
