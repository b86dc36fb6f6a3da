from setuptools import find_packages, setup

with open("README.md", encoding="utf-8") as readme:
    long_description = readme.read()

setup(
    name="common",
    version="1.0",
    long_description=long_description,
    packages=find_packages(),
    install_requires=["requests>=2.31"],
)
