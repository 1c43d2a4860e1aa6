"""Packs the library that Python in the browser imports: its own and that of the wheels, as compiled code.

It runs in that Python, whose code is of no use to another version. The source is in /stage, the result /library.zip.
"""

import marshal
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

UNUSED = ("doctest.py", "ensurepip/", "idlelib/", "lib2to3/", "pdb.py", "pydoc.py", "pydoc_data/", "test/", "unittest/")
DATA = (".md", ".json")
UNCHECKED = (1).to_bytes(4, "little")  # by the hash of the source, which nobody compares


def compiled(source: bytes, name: str) -> bytes:
    """A module as a .pyc that is never compared with a source, without docstrings."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    return MAGIC_NUMBER + UNCHECKED + source_hash(source) + marshal.dumps(code)


def main() -> None:
    """Write the archive, whose bytes depend on nothing else."""
    stage = Path("/stage")
    with ZipFile("/lib/python314.zip") as standard:
        files = {name: standard.read(name) for name in standard.namelist() if not name.startswith(UNUSED)}
    files |= {path.relative_to(stage).as_posix(): path.read_bytes() for path in stage.rglob("*") if path.is_file()}
    with ZipFile("/library.zip", "w") as archive:
        for name, content in sorted(files.items()):
            if name.endswith(".py"):
                name, content = f"{name}c", compiled(content, name)
            if name.endswith((".pyc", *DATA)):
                archive.writestr(ZipInfo(name), content, ZIP_DEFLATED, compresslevel=9)


main()
