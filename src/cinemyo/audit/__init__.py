"""What an ethics board or data-protection officer asks, answered from what the stages left; never a stage."""
