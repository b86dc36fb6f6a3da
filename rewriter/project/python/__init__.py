"""Python: pip, uv, poetry, pipenv, pdm."""
