"""Runs a job's script as the service would: ``launch.py script.py --NAME value ...``. It ends when its starter ends."""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)

if sys.platform.startswith("linux"):
    parent = os.getppid()
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the stand-in has ended")
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
