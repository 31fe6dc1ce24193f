"""What staff do besides members and adjustments, one module a subject; each exports `router`."""
