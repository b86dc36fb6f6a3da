"""Running both images: what they are asked, what they answer, and what they say about themselves."""
