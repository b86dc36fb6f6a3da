"""What transforms share about steps: what a command does, what it leaves behind, and edits that keep the layout."""
