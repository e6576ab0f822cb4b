"""The lakehouse itself: bronze, gate, silver and gold, on any object store. Imports neither warehouse nor pipeline."""
