"""Whatever is sent: no fault of ours, a problem that names the field, nothing moved, nothing personal told.

`FUZZ_EXAMPLES` is how many requests hypothesis makes up for each operation (four by default):
`FUZZ_EXAMPLES=400 python -m pytest tests/fuzz -k "documents or nonsense"` is a run of some minutes.
"""
