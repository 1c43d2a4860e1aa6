"""Tests of lrspec."""
