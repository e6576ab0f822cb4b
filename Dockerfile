# Mirrorlake in a container: the wheel and its locked dependencies, the project, nobody's rights.
#
#   docker build -t mirrorlake .                     what `airflow.runs_on = docker`, ECS and docker-compose.yml run
#   docker build -t mirrorlake-airflow --target airflow .
#   docker build -t mirrorlake-lambda --target lambda .
#
# Everything lies where a clone has it, below /srv/mirrorlake, so a path means the same in and out of a container.

FROM python:3.11-slim-bookworm AS base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/mirrorlake

# --- the environment: locked packages first, for they change least --------------------------------------------------
FROM base AS environment
COPY locks/image.txt locks/image.txt
RUN python -m venv .venv && .venv/bin/pip install --require-hashes -r locks/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY lake lake
COPY warehouse warehouse
COPY pipeline pipeline
RUN .venv/bin/python -m hatchling build -t wheel -d dist \
    && .venv/bin/pip install --no-index --no-deps dist/*.whl \
    && .venv/bin/python -m compileall -q .venv/lib

# --- what runs ------------------------------------------------------------------------------------------------------
FROM base AS run
RUN useradd --uid 10001 --user-group --home-dir /srv/mirrorlake/data --no-create-home --shell /usr/sbin/nologin mirrorlake \
    && install -d -o mirrorlake -g mirrorlake data
COPY --from=environment /srv/mirrorlake/.venv .venv
COPY profiles profiles
COPY dbt dbt
COPY samples samples
COPY spark spark
COPY airflow airflow
COPY dashboard dashboard
COPY .streamlit .streamlit
ENV PATH=/srv/mirrorlake/.venv/bin:$PATH MIRRORLAKE_ROOT=/srv/mirrorlake PYTHONUNBUFFERED=1 TZ=UTC
USER 10001:10001
VOLUME /srv/mirrorlake/data
# A run ends by itself and says how; this only tells a container that cannot start. The dashboard has its own (compose).
HEALTHCHECK --interval=60s --timeout=10s --start-period=20s --retries=3 CMD ["mirrorlake", "--version"]
ENTRYPOINT ["mirrorlake"]
CMD ["--help"]

# --- Airflow beside it, in its own environment, as `just airflow` has it ----------------------------------------------
FROM base AS airflow-environment
COPY locks/airflow.txt locks/airflow.txt
RUN python -m venv .venvs/airflow && .venvs/airflow/bin/pip install --require-hashes -r locks/airflow.txt

FROM run AS airflow
COPY --from=airflow-environment /srv/mirrorlake/.venvs .venvs
COPY --chmod=755 containers/airflow.sh /usr/local/bin/serve-airflow
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/api/v2/monitor/health', timeout=5)"]
EXPOSE 8080
ENTRYPOINT ["serve-airflow"]
CMD []

# --- one small date by AWS Lambda: Polars and deltalake exceed what a zip may hold ----------------------------------
# Not AWS's own image: that for Python 3.11 is Amazon Linux 2, whose C library (2.26) is older than the wheels of pyarrow
# (2.28) and DuckDB (2.27) ask for. awslambdaric is what AWS's image runs, too.
FROM base AS lambda
COPY --from=environment /srv/mirrorlake/.venv .venv
RUN .venv/bin/pip install awslambdaric==4.2.2
COPY profiles profiles
COPY dbt dbt
COPY samples samples
ENV MIRRORLAKE_ROOT=/srv/mirrorlake MIRRORLAKE_DATA=/tmp/mirrorlake MIRRORLAKE_DOTENV=
# Lambda asks for no health: it calls the handler.
HEALTHCHECK NONE
USER 10001
ENTRYPOINT ["/srv/mirrorlake/.venv/bin/python", "-m", "awslambdaric"]
CMD ["pipeline.lambda_handler.handler"]

FROM run
