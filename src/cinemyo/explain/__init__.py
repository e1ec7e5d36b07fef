"""Heat maps and their measurement against the heart."""
