"""Files are written whole or not at all, and nothing that was there is lost by it: links, modes, devices, files that appear meanwhile."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chainrule.base.errors import FileError
from chainrule.base.files import check_writable, claimed, read_text, write_whole, writing_whole


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    target, link, nowhere = tmp_path / "target", tmp_path / "link", tmp_path / "nowhere"
    target.write_text("old")
    link.symlink_to("target")
    nowhere.symlink_to("new")
    for path in (link, nowhere):
        write_whole(path, "content")
        assert path.is_symlink()
    assert target.read_text() == (tmp_path / "new").read_text() == "content"
    with pytest.raises(FileError, match="exists already"):
        write_whole(link, "other", replacing=False)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_a_file_keeps_its_mode(mode, tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(mode)
    write_whole(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = []
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(tmp_path / "pipe", "content", replacing=False)
    reader.join()
    assert found == [b"content"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    write_whole(os.devnull, "content")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(FileError, match="exists already"), writing_whole(path, replacing=False) as file:  # noqa: PT012  # the end raises it
        file.write(b"mine")
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["file"]


def test_what_cannot_be_written_is_known_before(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "log.csv").write_text("x")
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "nowhere" / "x.html", "there is no folder"),
        (tmp_path / "locked" / "x.html", "cannot be written: Permission denied"),
        (tmp_path / "locked" / "log.csv", "cannot be written: Permission denied"),
    ):
        with pytest.raises(FileError, match=message):
            check_writable(path)
    check_writable(tmp_path / "locked" / "log.csv", in_place=True)
    check_writable(tmp_path / "x.html")
    check_writable(os.devnull)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError, MemoryError])
def test_what_fails_leaves_nothing_behind(failure, tmp_path):
    with pytest.raises(failure), writing_whole(tmp_path / "file") as file:
        raise failure
    assert file.closed
    assert os.listdir(tmp_path) == []


def test_a_path_is_claimed_by_one_process_at_a_time(tmp_path):
    path = tmp_path / "model"
    claim = f"from chainrule.base.files import claimed\nwith claimed({str(path)!r}): print('mine')"
    theirs = [sys.executable, "-c", claim]
    (tmp_path / "link").symlink_to("model")
    with claimed(path):
        for name in (path, tmp_path / "link"):  # another name of the same file
            with pytest.raises(FileError, match=r"another run is making .*; wait"), claimed(name):
                pass
        assert "another run is making" in subprocess.run(theirs, capture_output=True, text=True, check=False).stderr
    assert subprocess.run(theirs, capture_output=True, text=True, check=True).stdout == "mine\n"
    assert os.listdir(tmp_path) == ["link"]
    with pytest.raises(FileError, match="cannot be written"), claimed(tmp_path / "none" / "model"):
        pass


def test_half_characters_are_written_as_codes(tmp_path):
    write_whole(tmp_path / "file", "a\udcff")
    assert read_text(tmp_path / "file") == "a\\udcff"
