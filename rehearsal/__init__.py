"""The stand-ins of the cloud on a laptop: S3 and AWS's other services, Postgres, Snowflake. Not part of the wheel."""
