"""Where jobs run: processes of this machine, Ray or Slurm; one switch, and the same results from each."""
