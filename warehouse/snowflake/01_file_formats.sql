-- How the lake's files are written. Logical types say that a timestamp is an instant in microseconds; without them it
-- would be a bare number. Instants then arrive in the session's zone, which is UTC.
CREATE OR REPLACE FILE FORMAT ${database}.landing.lake_parquet
    TYPE = PARQUET
    USE_LOGICAL_TYPE = TRUE
    BINARY_AS_TEXT = FALSE
    COMMENT = 'Parquet as Delta writes it';
