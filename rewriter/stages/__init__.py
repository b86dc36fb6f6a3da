"""A stage that ships its build tools, divided in two: what is built, and what runs.

`shape` says what each step of the stage is for, `plan` where the stage is cut and what the second half needs, `text`
how that is written. What only an ecosystem knows is in its own module, a kit: see `kit`.
"""
