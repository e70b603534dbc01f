"""Bodies that no maker sends and somebody will."""

DEEP = 100_000

GARBAGE = {
    "nothing": b"",
    "not text": b"\x00\xff\xfe",
    "a page": b"<html>no</html>",
    "a word": b'"word"',
    "a number": b"17",
    "nothing at all": b"null",
    "an object": b"{}",
    "wrong types": b'[1, null, "x", [[]]]',
    "nested": b"[" * DEEP + b"]" * DEEP,
    "nested objects": b'{"data":' * DEEP,
    "endless number": b"9" * 5000,
    "no number": b"NaN",
}
