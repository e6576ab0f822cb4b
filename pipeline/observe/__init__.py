"""What a run leaves behind for people: audit records, lineage, logs and alerts."""
