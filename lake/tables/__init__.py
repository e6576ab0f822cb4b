"""The formats of the lake's tables: one file each."""
