"""The parts of the programme document, one module a subject."""
