"""Campaigns as they run: who is in them, what they would reach, what they did, and starting and stopping them."""
