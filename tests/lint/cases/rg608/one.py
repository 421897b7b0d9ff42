# role: test
def test_one_a():  # expect: RG608
    assert ord("a") == 97


def test_one_b():
    assert ord("b") == 98


class TestLetters:
    def test_c(self):
        assert ord("c") == 99

    async def test_d(self):
        assert ord("d") == 100


def test_e():
    assert ord("e") == 101
