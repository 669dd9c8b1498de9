"""How much memory a process may take: what the machine has, or what somebody allows it."""

import sys

import pytest

from chainrule.base.control_groups import control_groups
from chainrule.data import memory


def test_groups_are_found_from_the_innermost_outwards(tmp_path):
    (tmp_path / "cgroup").write_text("5:cpu,memory:/outer/inner\n3:pids:/outer\n0::/outer\n")
    found = [(str(group.relative_to(tmp_path)), first) for group, first in control_groups("memory", tmp_path / "cgroup", tmp_path / "fs")]
    assert found == [
        *((f"fs/cpu,memory{name}", True) for name in ("/outer/inner", "/outer", "")),
        *((f"fs{name}", False) for name in ("/outer", "")),
    ]
    assert not [*control_groups("memory", tmp_path / "none", tmp_path)]


def test_the_least_limit_counts(tmp_path, monkeypatch):
    groups = [(tmp_path / "a", True), (tmp_path / "b", False), (tmp_path / "none", False)]
    monkeypatch.setattr(memory, "control_groups", lambda controller: groups)
    whole = memory.memory()
    for folder, name, text in ((tmp_path / "a", "memory.limit_in_bytes", "5000000"), (tmp_path / "b", "memory.max", "max")):
        folder.mkdir()
        (folder / name).write_text(text)
    assert whole > memory.memory() == 5_000_000
    (tmp_path / "b" / "memory.max").write_text("4000000")
    assert memory.memory() == memory.memory_left() == 4_000_000
    (tmp_path / "a" / "memory.stat").write_text("cache 4500000\ntotal_rss 2000000\n")
    (tmp_path / "b" / "memory.stat").write_text("anon 500000\nfile 3000000\n")
    assert memory.memory_left() == 3_000_000  # what is mapped from files can be dropped


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
def test_ulimit_counts(monkeypatch):
    import resource

    limits = {resource.RLIMIT_AS: resource.RLIM_INFINITY, resource.RLIMIT_DATA: 3_000_000}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limits[kind], resource.RLIM_INFINITY))
    assert memory.memory() == 3_000_000
    assert memory.memory_left() in (0, 3_000_000)  # a Python takes more than that already, where the system says what it takes
    limits[resource.RLIMIT_DATA] = resource.RLIM_INFINITY
    assert memory.memory_left() == memory.memory()
