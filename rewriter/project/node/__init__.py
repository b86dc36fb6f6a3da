"""Node: npm, yarn, pnpm, bun."""
