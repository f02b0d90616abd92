"""Hydra's door: one composed configuration in, one record out."""
