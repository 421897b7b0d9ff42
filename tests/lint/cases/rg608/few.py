# role: test
def test_a():
    assert ord("a") == 97


def test_b():
    assert ord("b") == 98
