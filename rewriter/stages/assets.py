"""Assets for browsers that a project in another language builds with Node."""

from __future__ import annotations

import posixpath

from rewriter.stages.kit import Command, Obstacle, Role, Shown

# Source: https://docs.npmjs.com/cli/v11, https://classic.yarnpkg.com/en/docs/cli, https://pnpm.io/pnpm-cli, https://bun.sh/docs/cli
ASSET_TOOLS = frozenset(("npm", "yarn", "pnpm", "npx", "node", "bun", "bunx", "corepack"))


def asset_role(command: Command, shown: Shown) -> Role | Obstacle | None:
    """What a command is for, as far as it builds assets: an install for everybody (`npm install -g`) writes elsewhere,
    and that stays in the build stage."""
    del shown
    return Role.BUILDS if posixpath.basename(command.call.program) in ASSET_TOOLS else None
