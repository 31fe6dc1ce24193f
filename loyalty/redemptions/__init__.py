"""Redemptions: quotes, the one step from quote to held points, and the saga that follows."""
