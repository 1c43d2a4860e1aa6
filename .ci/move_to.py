"""Gives the repository and its site other addresses, in every tracked text file.

    python .ci/move_to.py https://github.com/OWNER/NAME [--site https://SITE]

The old addresses are those in lrspec/address.py, so this can run again to move from one place to another. A repository
on GitHub has its site at https://OWNER.github.io/NAME, unless `--site` names another address.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
ADDRESS = "lrspec/address.py"
_URL = re.compile(r"https://[\w.-]+(?::\d+)?(?:/[\w.~-]+)*/?", re.ASCII)


def address(text: str) -> str:
    """A https URL of plain characters, without a slash at its end."""
    if not _URL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"not an https address such as https://github.com/OWNER/NAME: {text!r}")
    return text.rstrip("/").removesuffix(".git")


def site_of(repository: str) -> str | None:
    """The address of the pages of a repository on GitHub; None for one elsewhere."""
    on_github = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", repository)
    return f"https://{on_github[1].lower()}.github.io/{on_github[2]}" if on_github else None


def action(repository: str) -> str:
    """The action of a repository, as workflows call it."""
    return urlsplit(repository).path.strip("/") or "OWNER/lrspec"


def replacements(repository: str, site: str) -> dict[str, str]:
    """What is to be replaced, and by what, as regexes and texts."""
    code = (ROOT / ADDRESS).read_text(encoding="utf-8")
    old = dict(re.findall(r'^(REPOSITORY|SITE) = "(.+)"$', code, re.MULTILINE))
    ends = r"(?![\w-])"  # another address may begin with this one
    return {
        re.escape(old["REPOSITORY"]) + ends: repository,
        re.escape(old["SITE"]) + ends: site,
        rf"(?<=uses: ){re.escape(action(old['REPOSITORY']))}(?=@)": action(repository),
    }


def moved(text: str, by: dict[str, str]) -> str:
    """The text with all of it replaced at once, so that nothing is replaced twice; of two that fit, the longer."""
    longest_first = sorted(by, key=len, reverse=True)
    one = re.compile("|".join(f"({regex})" for regex in longest_first))
    return one.sub(lambda found: by[longest_first[(found.lastindex or 0) - 1]], text)


def main() -> None:
    """Replace the addresses, and print which files have changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=address)
    parser.add_argument("--site", type=address)
    given = parser.parse_args()
    if not (site := given.site or site_of(given.repository)):
        parser.error("--site is needed for a repository that is not on GitHub")
    by = replacements(given.repository, site)
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")
    changed = 0
    for path in (ROOT / name.decode() for name in names if name):
        before = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        try:
            after = moved(before.decode(), by).encode()
        except UnicodeDecodeError:  # a picture
            continue
        if after != before:
            path.write_bytes(after)
            changed += 1
    print(f"{given.repository}, {site}: {changed} files changed")


if __name__ == "__main__":
    main()
