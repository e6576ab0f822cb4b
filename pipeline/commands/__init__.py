"""One file per command: its arguments, one call, and how the result is shown. Imported when the command is called."""
