"""Networks: a backbone is data, a classifier has one backbone per phase."""
