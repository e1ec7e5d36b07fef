"""The search for identities in whatever a study leaves behind: files of any kind, databases, archives, git."""
