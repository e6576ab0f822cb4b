"""The job that builds gold on Glue or EMR Serverless. All that it does is in the wheel; see pipeline/remote/job.py."""

from __future__ import annotations

import sys

from pipeline.remote.job import ARGUMENTS, build_gold, read_arguments, spark_context


def on_glue() -> None:
    """Between Glue's own beginning and end of a job."""
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions

    arguments = getResolvedOptions(sys.argv, ["JOB_NAME", *ARGUMENTS])
    job = Job(GlueContext(spark_context()))
    job.init(arguments["JOB_NAME"], arguments)
    build_gold(arguments)
    job.commit()


def main() -> None:
    """Glue gives a job its name; EMR Serverless only runs the script."""
    if "--JOB_NAME" in sys.argv:
        on_glue()
    else:
        build_gold(read_arguments(sys.argv[1:]))


if __name__ == "__main__":
    main()
