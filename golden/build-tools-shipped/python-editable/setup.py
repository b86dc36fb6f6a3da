from setuptools import setup

setup(
    name="ledger",
    version="1.4",
    packages=["ledger"],
    install_requires=[
        "click",
        "psycopg2==2.9.9",
    ],
)
