"""Static hypernetworks: the weights depend on the layer, not on the input (section 3.1)."""
