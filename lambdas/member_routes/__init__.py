"""What members do, one module a subject; each exports `router`."""
