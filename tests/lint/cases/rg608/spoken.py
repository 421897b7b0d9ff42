# role: test
def test_a():
    assert ord("a") == 97


def test_b():
    assert ord("b") == 98


def test_c():
    assert ord("c") == 99


def test_d():
    assert ord("d") == 100


def test_rejects_letters(client):
    assert client.get("/abc").status == 404
