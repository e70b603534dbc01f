from pathlib import Path

from tools.environment import fingerprints


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)


def test_a_file_brings_its_includes(tmp_path: Path) -> None:
    write(tmp_path, base="a==1\n", dev="-r base.txt\nb==1\n")
    assert list(fingerprints("dev.txt", tmp_path)) == ["base.txt", "dev.txt"]


def test_a_changed_include_changes_the_whole(tmp_path: Path) -> None:
    write(tmp_path, base="a==1\n", dev="-r base.txt\n")
    before = fingerprints("dev.txt", tmp_path)
    write(tmp_path, base="a==2\n")
    after = fingerprints("dev.txt", tmp_path)
    assert [name for name in before if before[name] != after[name]] == ["base.txt", "dev.txt"]


def test_the_same_text_has_the_same_fingerprint(tmp_path: Path) -> None:
    write(tmp_path, base="a==1\n")
    assert fingerprints("base.txt", tmp_path) == fingerprints("base.txt", tmp_path)
