"""Fans as people: what they asked us to remember, what they said yes to, and what becomes of that."""
