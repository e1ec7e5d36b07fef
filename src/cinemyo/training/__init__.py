"""Crops, augmentation and the fit of one arm on one fold."""
