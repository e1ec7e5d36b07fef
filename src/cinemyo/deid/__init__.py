"""What may leave ingest, and under which pseudonym."""
