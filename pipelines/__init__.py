"""DVC stages: parse arguments, take a slice of params, call `cinemyo`, write."""
