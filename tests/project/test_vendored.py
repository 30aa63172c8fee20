"""Scripts of others are what their hash file says, with their licence."""

import hashlib

from tests.support.paths import ROOT

VENDOR = ROOT / "core" / "static" / "cooper" / "vendor"


def test_each_is_what_the_hash_file_says_and_nothing_else_is_there():
    hashes = {}
    for line in (VENDOR / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        hashes[name] = digest

    names = {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS", "README.md"}
    assert names == set(hashes)
    for name, digest in hashes.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_each_script_has_its_licence_and_a_row_in_the_readme():
    readme = (VENDOR / "README.md").read_text()
    scripts = list(VENDOR.glob("*.js"))
    assert scripts
    for script in scripts:
        assert "Permission is hereby granted" in script.with_suffix(".LICENSE").read_text()
        assert f"| {script.name} |" in readme
