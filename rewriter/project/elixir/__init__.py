"""Elixir: Mix."""
