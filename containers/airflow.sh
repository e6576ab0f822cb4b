#!/bin/sh
# Airflow with the DAG of one environment, its state in data/airflow: the database, the DAG folder, then all services.
set -eu
export AIRFLOW_HOME="${AIRFLOW_HOME:-/srv/mirrorlake/data/airflow}"
airflow=/srv/mirrorlake/.venvs/airflow/bin/airflow
dags="$AIRFLOW_HOME/dags"
mkdir -p "$dags"
cp /srv/mirrorlake/airflow/dags/mirrorlake.py "$dags/"
mirrorlake graph --format json --output "$dags/graph.json"
"$airflow" db migrate
# The pool is the lease's queue: the DAG's tasks wait in it. graph.json says its name and size.
python - "$dags/graph.json" <<'PYTHON' > "$AIRFLOW_HOME/pools.json"
import json, sys
pool = json.load(open(sys.argv[1]))["airflow"]["pool"]
json.dump({pool["name"]: {"slots": pool["slots"], "description": "stages at a time", "include_deferred": False}}, sys.stdout)
PYTHON
"$airflow" pools import "$AIRFLOW_HOME/pools.json"
PATH="$PATH:/srv/mirrorlake/.venvs/airflow/bin" # it calls itself by name
export PATH
exec "$airflow" standalone
