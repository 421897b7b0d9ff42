"""What Regrow promises, said once more and without its code: each is told what happens and says what is wrong."""
