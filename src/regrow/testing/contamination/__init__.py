"""What a test changes that is not its own: found, named, and put back."""
