"""What Regrow promises, said once more, without its code. Each is told what happens and says what is wrong."""
