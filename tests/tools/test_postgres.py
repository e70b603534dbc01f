from tools.postgres import with_login, with_name


def test_another_database_on_the_same_server() -> None:
    url = with_name("postgres://me:secret@db.example:5433/mine?sslmode=require", "test")
    assert url == "postgresql://me:secret@db.example:5433/test?sslmode=require"


def test_another_login_replaces_the_first() -> None:
    url = with_login("postgres://me:p%40ss@db.example:5433/mine", "you", "a/b", database="test")
    assert url == "postgresql://you:a%2Fb@db.example:5433/test"
