"""Measurements, as ratios within one run; absolute times say little on shared machines."""
