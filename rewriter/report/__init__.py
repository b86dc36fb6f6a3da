"""What the command line prints: text, JSON, GitHub annotations, SARIF."""
