"""The command line, the graph and its runner, sources, checks and what is observed. Imports warehouse and lake."""
