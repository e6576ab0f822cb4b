-- Once per account, by somebody who may make roles and integrations (ACCOUNTADMIN): everything that outlives a run.
-- Safe to run again. `mirrorlake warehouse --print-setup` shows it with the names of your environment filled in.
USE ROLE ${setup_role};

-- A small warehouse that sleeps after a minute. No monthly limit is set: a resource monitor is the account's own matter.
CREATE WAREHOUSE IF NOT EXISTS ${warehouse} WITH
    WAREHOUSE_SIZE = 'XSMALL'
    AUTO_SUSPEND = 60
    AUTO_RESUME = TRUE
    INITIALLY_SUSPENDED = TRUE
    COMMENT = 'Mirrorlake: load, dbt, checks, readers';

CREATE DATABASE IF NOT EXISTS ${database}
    COMMENT = 'Mirrorlake: a cache of the gold lake, its marts, and what is published of them';

-- Two roles. The loader owns what it makes and nothing else, the reader sees what is published and nothing else.
CREATE ROLE IF NOT EXISTS ${role} COMMENT = 'Mirrorlake: loads, builds, publishes';
CREATE ROLE IF NOT EXISTS ${reader_role} COMMENT = 'Mirrorlake: reads what is published';
GRANT ROLE ${reader_role} TO ROLE ${role};
GRANT ROLE ${role} TO ROLE SYSADMIN;

GRANT USAGE, OPERATE ON WAREHOUSE ${warehouse} TO ROLE ${role};
GRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${reader_role};
GRANT USAGE, CREATE SCHEMA ON DATABASE ${database} TO ROLE ${role};
GRANT USAGE ON DATABASE ${database} TO ROLE ${reader_role};

-- The user that runs log in as: no password, only a key pair (ALTER USER ... SET RSA_PUBLIC_KEY = '...').
-- Every session speaks UTC, and a bare TIMESTAMP has no zone, also in dbt's own sessions.
CREATE USER IF NOT EXISTS ${user}
    TYPE = SERVICE
    DEFAULT_ROLE = ${role}
    DEFAULT_WAREHOUSE = ${warehouse}
    DEFAULT_SECONDARY_ROLES = ()
    COMMENT = 'Mirrorlake: runs of the pipeline';
ALTER USER ${user} SET
    TIMEZONE = 'UTC',
    TIMESTAMP_TYPE_MAPPING = 'TIMESTAMP_NTZ',
    STATEMENT_TIMEOUT_IN_SECONDS = ${statement_seconds};
GRANT ROLE ${role} TO USER ${user};

-- How Snowflake reads the lake: it takes on this role of AWS, which may read that prefix and nothing else.
-- DESCRIBE INTEGRATION says whom the role has to trust (docs/promotion.md).
CREATE STORAGE INTEGRATION IF NOT EXISTS ${integration}
    TYPE = EXTERNAL_STAGE
    STORAGE_PROVIDER = 'S3'
    ENABLED = TRUE
    STORAGE_AWS_ROLE_ARN = '${storage_role}'
    STORAGE_ALLOWED_LOCATIONS = ('${lake}/')
    COMMENT = 'Mirrorlake: the gold lake, read-only';
GRANT USAGE ON INTEGRATION ${integration} TO ROLE ${role};

-- Schemas belong to the loader, so that it can clone and swap them. The marts in `marts` are seen by nobody else,
-- what readers see is `published`, which changes by a swap with `candidate`.
USE ROLE ${role};
CREATE TRANSIENT SCHEMA IF NOT EXISTS ${database}.landing COMMENT = 'Rows of a load before they are checked';
CREATE SCHEMA IF NOT EXISTS ${database}.raw COMMENT = 'Gold as loaded, by key';
CREATE SCHEMA IF NOT EXISTS ${database}.staging COMMENT = 'dbt: raw, named for the models';
CREATE SCHEMA IF NOT EXISTS ${database}.intermediate COMMENT = 'dbt: joins that several marts share';
CREATE SCHEMA IF NOT EXISTS ${database}.marts COMMENT = 'dbt: marts as built, before they are audited';
CREATE SCHEMA IF NOT EXISTS ${database}.published COMMENT = 'Audited marts: the only schema for readers';
-- So that readers are told that nothing is published yet. A publication brings its own rights with the swap.
GRANT USAGE ON SCHEMA ${database}.published TO ROLE ${reader_role};
