"""Replay of recorded Azure traffic: every recorded request against a fresh lab, answers compared.

A recording is the examiner: what it presupposes is derived from it (`presumed`, `outside`,
`progress`), what no two runs share is bound or masked (`binding`, `masks.json`), the rest must agree.
"""
