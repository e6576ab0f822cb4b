"""``just airflow``: Airflow's page, scheduler and all, on this machine, until Ctrl-C. State stays in data/airflow."""

from __future__ import annotations

import argparse
import os
import signal
import time
from pathlib import Path

from local import ROOT, LocalAirflow


def main() -> None:
    """Serve one environment's DAG; it is paused until somebody switches it on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default=os.environ.get("LAKE_ENV", "dev"), help="environment (default: LAKE_ENV, dev)")
    parser.add_argument("--port", type=int, default=8080, help="of the page (default: 8080)")
    parser.add_argument("--home", type=Path, default=ROOT / "data" / "airflow", help="AIRFLOW_HOME")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    airflow = LocalAirflow(arguments.home, arguments.env, arguments.port)
    try:
        airflow.start()
        print(f"http://127.0.0.1:{airflow.port}/dags/mirrorlake_{arguments.env} (Ctrl-C ends it)", flush=True)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print("ending", flush=True)
    finally:
        airflow.stop()


if __name__ == "__main__":
    main()
