"""The servers themselves. They run on .venvs/standins and import nothing of the platform."""
