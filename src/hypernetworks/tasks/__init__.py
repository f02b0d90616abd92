"""What is learned: one module a task, each with its loss, its metrics, its evaluation."""
