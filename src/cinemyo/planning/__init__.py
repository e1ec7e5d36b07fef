"""What a study will cost on this machine, before it starts."""
