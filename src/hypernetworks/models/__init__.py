"""The networks of the paper's tables, built from the library."""
