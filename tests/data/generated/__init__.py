"""Generated stand-ins in the original formats."""
