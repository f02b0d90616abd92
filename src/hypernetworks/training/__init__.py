"""The one training loop of every task: settings, optimiser, checkpoints, devices, signals."""
