"""Corrections of single photographs: what a person changes of the colors that were predicted."""
