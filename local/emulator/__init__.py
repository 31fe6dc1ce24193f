"""The cloud's emulator: MiniStack, brought closer to AWS where this product would notice. One patch a module.

Runs in its own environment (MiniStack pins the SDK) as `python -m local.emulator SETTINGS.json`. Every patch takes the
private name it replaces from `pinned.private`, so that a new version of MiniStack fails at start and says which.
"""
