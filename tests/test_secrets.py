"""Which names and values are taken for secrets."""

from __future__ import annotations

import pytest

from rewriter.steps.secrets import is_secret, is_written


@pytest.mark.parametrize(
    "name",
    [
        *("NPM_TOKEN", "github_token", "DATABASE_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        *("SECRET", "SECRET_KEY_BASE", "STRIPE_API_KEY", "SSH_PRIVATE_KEY", "COMPOSER_AUTH", "SENTRY_AUTH_TOKEN"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "GPG_KEY",
            "GPG_KEYS",
            "PUBLIC_KEY",
            "NEXT_PUBLIC_API_KEY",
            "DB_PASSWORD_FILE",
            "TOKEN_URL",
            "API_KEY_VERSION",
        ),
        *("MONKEY", "AUTHOR", "OAUTH2_ENABLED", "KEYCLOAK_VERSION", "TOKENIZERS_PARALLELISM", "PIP_INDEX_URL"),
    ],
)
def test_names_of_anything_else(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("DB_PASSWORD", "hunter2hunter2", True),
        ("DB_PASSWORD", "123456", True),
        ("DB_PASSWORD", "nobody-knows", True),
        ("DB_PASSWORD", "", False),
        ("DB_PASSWORD", "**ChangeMe**", False),
        ("DB_PASSWORD", "<your password>", False),
        ("DB_PASSWORD", "${DB_PASSWORD}", False),
        ("DB_PASSWORD", "/run/secrets/db", False),
        ("ALLOW_EMPTY_PASSWORD", "yes", False),
        ("GREETING", "hunter2hunter2", False),
        ("PIP_EXTRA_INDEX_URL", "https://ci:pa55@pypi.example/simple", True),
        ("PIP_EXTRA_INDEX_URL", "https://ci:${PASS}@pypi.example/simple", False),
        ("PIP_EXTRA_INDEX_URL", "https://pypi.example/simple", False),
    ],
)
def test_values_that_are_secrets(name: str, value: str, written: bool) -> None:
    assert is_written(name, value) is written
