"""What goes on around a deployment, on an operator's machine or in CI: what is still missing, what would be lost."""
