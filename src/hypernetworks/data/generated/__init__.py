"""Generated stand-ins in the original file formats: they show the machinery, they are no data."""
