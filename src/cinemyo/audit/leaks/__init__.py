"""Whether anyone's split table leaks: patients, images or look-alikes on both sides of a split."""
