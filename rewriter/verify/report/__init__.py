"""What a verification found, for people and for programs: terminal, JSON, Markdown, HTML. Nothing is measured here."""
