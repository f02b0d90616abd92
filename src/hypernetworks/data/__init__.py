"""Data sets: one file each, read in their original form and verified."""
