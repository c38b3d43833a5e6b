"""The course: how a notebook starts, is checked, is recorded and looked after.

Its modules are imported one at a time, so that the command's help needs none of the others:
`checks`, `notebook`, `executing`, `recording`, `handout`, `doctor`, `cli`.
"""

__all__ = ["checks", "cli", "doctor", "executing", "handout", "notebook", "recording"]
