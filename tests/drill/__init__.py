"""The crash drill: kill a run before and after each of its writes, recover, compare with an undisturbed run."""
