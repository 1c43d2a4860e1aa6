"""Turns a `Document` into a `Spec`, or into the findings that say why it is not one."""
