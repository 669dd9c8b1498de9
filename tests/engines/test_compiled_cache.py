"""Compiled code on the disk: used only where everything speaks for it, and compiled anew on any doubt."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.engines.compiled.runtime import cache

ABOUT = {"processor": "one", "features": "+avx2", "llvmlite": "0.50", "version": "1"}
NAME = cache.fingerprint("program", ABOUT)
CODE = bytes(range(256)) * 10
posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no such rights")


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv(cache.VARIABLE, str(folder))
    return folder


@pytest.fixture
def stored(place):
    assert cache.store(NAME, CODE)
    assert cache.load(NAME) == CODE
    return place / f"{NAME}{cache.END}"


def test_what_is_stored_is_found_and_private(stored, place):
    assert stat.S_IMODE(place.stat().st_mode) == 0o700 or os.name == "nt"
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600} or os.name == "nt"


@pytest.mark.parametrize("changed", [{"processor": "other"}, {"features": "+avx512f"}, {"llvmlite": "0.51"}, {"version": "2"}])
def test_another_processor_or_version_finds_nothing(stored, changed):
    assert cache.load(cache.fingerprint("program", ABOUT | changed)) is None
    assert cache.load(cache.fingerprint("another", ABOUT)) is None


def test_parts_of_a_fingerprint_do_not_run_into_each_other():
    assert cache.fingerprint("ab", {"c": "d"}) != cache.fingerprint("a", {"bc": "d"})
    assert cache.fingerprint("a", {"b": "c", "d": "e"}) != cache.fingerprint("a", {"b": "cd=e"})


def test_every_flipped_byte_is_noticed_and_replaced(stored):
    whole = stored.read_bytes()
    for place in (*range(len(cache.MARK) + 40), len(whole) // 2, len(whole) - 1):
        stored.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert cache.load(NAME) is None
    assert cache.store(NAME, CODE)
    assert cache.load(NAME) == CODE


@pytest.mark.parametrize("length", [0, 1, len(cache.MARK), len(cache.MARK) + 31, len(cache.MARK) + 32, -1])
def test_a_cut_file_is_nothing(stored, length):
    stored.write_bytes(stored.read_bytes()[:length])
    assert cache.load(NAME) is None


def test_a_file_under_another_name_is_nothing(stored):
    other = cache.fingerprint("other", ABOUT)
    shutil.copy(stored, stored.with_name(f"{other}{cache.END}"))
    assert cache.load(other) is None


def test_a_file_made_with_another_key_is_nothing(stored, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "theirs"))
    assert cache.store(NAME, CODE[::-1])
    shutil.copy(tmp_path / "theirs" / stored.name, stored)
    monkeypatch.setenv(cache.VARIABLE, str(stored.parent))
    assert cache.load(NAME) is None


def test_a_cut_key_is_replaced(stored, place):
    (place / cache.KEY).write_bytes(b"short")
    assert cache.load(NAME) is None
    assert cache.store(NAME, CODE)
    assert cache.load(NAME) == CODE


@posix
@pytest.mark.parametrize("which", ["folder", "file", "key"])
@pytest.mark.parametrize("right", [stat.S_IWGRP, stat.S_IWOTH])
def test_what_others_may_write_to_is_nothing(stored, which, right):
    path = {"folder": stored.parent, "file": stored, "key": stored.parent / cache.KEY}[which]
    path.chmod(path.stat().st_mode | right)
    assert cache.load(NAME) is None
    if which != "file":
        assert not cache.store(NAME, CODE)


@posix
def test_what_belongs_to_another_user_is_nothing(stored, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: os.stat(stored).st_uid + 1)
    assert cache.load(NAME) is None
    assert not cache.store(NAME, CODE)


@posix
@pytest.mark.parametrize("which", ["folder", "file", "key"])
def test_a_link_is_nothing(stored, which, tmp_path):
    path = {"folder": stored.parent, "file": stored, "key": stored.parent / cache.KEY}[which]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.load(NAME) is None


@posix
def test_a_pipe_is_not_waited_for(stored):
    stored.unlink()
    os.mkfifo(stored, 0o600)
    assert cache.load(NAME) is None


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "cache"))
    assert not cache.store(NAME, CODE)
    assert cache.load(NAME) is None


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_to_is_read(stored):
    stored.parent.chmod(0o500)
    try:
        assert cache.load(NAME) == CODE
        assert not cache.store(cache.fingerprint("new", ABOUT), CODE)
    finally:
        stored.parent.chmod(0o700)


def test_a_full_disk_is_no_fault(place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not cache.store(NAME, CODE)
    assert cache.load(NAME) is None


def test_it_can_be_switched_off(monkeypatch):
    for word in cache.OFF:
        monkeypatch.setenv(cache.VARIABLE, word)
        assert cache.folder() is None
        assert not cache.store(NAME, CODE)
        assert cache.load(NAME) is None


@pytest.mark.parametrize(
    ("platform", "name", "expected"),
    [("linux", None, ".cache/chainrule/compiled"), ("linux", "/somewhere", "/somewhere/chainrule/compiled"),
     ("linux", "relative", ".cache/chainrule/compiled"), ("darwin", None, "Library/Caches/chainrule/compiled")],
)  # fmt: skip
def test_the_folder_is_where_the_system_wants_it(platform, name, expected, tmp_path, monkeypatch):
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if name is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", name)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache.folder() == tmp_path / expected


def test_it_stays_bounded_and_forgets_what_was_unused_longest(place, monkeypatch):
    monkeypatch.setattr(cache, "ROOM", 4 * (len(CODE) + len(cache.MARK) + 32))
    names = [cache.fingerprint(str(number), ABOUT) for number in range(6)]
    for age, name in enumerate(names[:4]):
        assert cache.store(name, CODE)
        os.utime(place / f"{name}{cache.END}", (1000 + age,) * 2)
    assert cache.load(names[0]) == CODE  # used just now
    for name in names[4:]:
        assert cache.store(name, CODE)
    assert [name for name in names if cache.load(name) is None] == names[1:3]


def test_a_file_too_large_is_not_kept(place, monkeypatch):
    monkeypatch.setattr(cache, "LARGEST", 100)
    assert not cache.store(NAME, CODE)


def test_two_processes_at_once(place):
    work = (
        "from chainrule.engines.compiled.runtime import cache\n"
        f"for _ in range(50):\n    assert cache.store({NAME!r}, {CODE!r})\n    assert cache.load({NAME!r}) == {CODE!r}\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", work]) for _ in range(3)]
    assert [process.wait() for process in both] == [0, 0, 0]
    assert cache.load(NAME) == CODE
    assert sorted(path.name for path in place.iterdir()) == sorted([cache.KEY, f"{NAME}{cache.END}"])
