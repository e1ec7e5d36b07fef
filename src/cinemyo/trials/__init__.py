"""What is tried beside the arms: frozen features over several partitions, and preparations put off."""
