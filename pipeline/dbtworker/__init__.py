"""dbt in a process of its own: the parent's half, the process, what a build came to, and metrics from what it built."""
