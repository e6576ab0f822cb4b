"""Gold built by a job in the cloud: the stage starts it, waits, and reads what it left; the job runs the same build.

``submit`` is the stage's side, ``job`` the job's; ``glue`` and ``emr`` are the services that run it, one file each.
What passes between them lies in the lake, below ``_state/jobs``: the job's progress, and its result, written last.
"""
