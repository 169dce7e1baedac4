"""From a submitted notebook to a result file; nothing here runs student code."""
