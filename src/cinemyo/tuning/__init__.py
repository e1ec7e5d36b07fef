"""Search for an arm by inner validation alone: spaces, trials that can be pruned, and the study that keeps them."""
