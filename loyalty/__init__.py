"""The business itself: one package a room. No CDK, no AWS SDK at import time, no HTTP framework."""
