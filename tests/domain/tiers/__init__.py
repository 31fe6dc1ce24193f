"""Levels: counters, standing, grants, time and new versions."""
