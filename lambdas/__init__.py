"""Entry points of functions: one module a function, thin (parse, one call, answer)."""
