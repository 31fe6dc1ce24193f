"""What may not change from one version to the next, whatever each of them says for itself."""
