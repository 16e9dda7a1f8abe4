"""Replay of recorded Azure traffic: sends every recorded request to a new lab and compares the responses.

What a recording presupposes is derived from it (`preconditions`, `foreign_resources`, `progress`). Values that
differ between any two runs are bound or masked (`binding`, `masks.json`). Everything else must be equal.
"""
