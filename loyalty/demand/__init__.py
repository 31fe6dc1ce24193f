"""Demand: what members will redeem, what they will not be able to, what rises and falls, and what staff do about it."""
