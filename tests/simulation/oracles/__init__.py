"""What Regrow promises, said again without its code. Each is told what happens and says what is wrong."""
