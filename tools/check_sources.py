#!/usr/bin/env python3
"""Looks for constructs that this project bans, and names files and functions that grow too long.

Banned constructs are errors, lengths are warnings. usage: check_sources.py [PROJECT-FOLDER]
"""

import pathlib
import re
import sys

SUFFIXES = {".h", ".cc", ".sh", ".py", ".cmake", ".txt", ".md", ".toml", ".json", ".sql"}
CODE = {".h", ".cc"}
MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60

# (what, pattern, why, suffixes, on code without comments and texts)
BANNED = [
    (r"\bco_(await|return|yield)\b", "g++ 12 miscompiles coroutines", CODE, True),
    (r"\bstd::w?regex\b|#\s*include\s*<regex>", "use RE2: std::regex can take exponential time",
     CODE, True),
    (r"(?<!static_)\bassert\s*\(", "use BW_CHECK: assert vanishes from releases", CODE, True),
    (r"\.detach\s*\(\s*\)", "a thread has an owner that waits for it", CODE, True),
    (r"\b(TODO|FIXME|XXX)\b", "finish it, or file an issue", SUFFIXES, False),
    (r"(?<![\w.])/(work/(main|shared|notes|\.)|home/\w|Users/\w)", "a path of one machine", SUFFIXES, False),
]
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.])sleep\s*\(")


NOT_OURS = {"testdata", "corpus", "node_modules"}


def sources(root: pathlib.Path):
    for name in ("src", "tests", "fuzz", "bench", "tools", "cmake", "examples", "docs", "content",
                 "migrations", ".ci"):
        for path in sorted((root / name).glob("**/*")):
            parts = path.relative_to(root).parts
            if path.is_file() and path.suffix in SUFFIXES and not NOT_OURS & set(parts):
                yield path
    yield from sorted(p for p in root.glob("*") if p.is_file() and p.suffix in SUFFIXES)


def without_texts(text: str) -> str:
    """C++ with comments and literals blanked out; lines stay where they are."""
    token = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/',
                       re.S)
    return token.sub(lambda m: '""' + "\n" * m.group(0).count("\n"), text)


def find_banned(path: pathlib.Path, name: str, text: str) -> list[str]:
    if name == "tools/check_sources.py":
        return []
    problems = []
    code = without_texts(text) if path.suffix in CODE else text
    for pattern, why, suffixes, code_only in BANNED:
        if path.suffix not in suffixes:
            continue
        for number, line in enumerate((code if code_only else text).splitlines(), 1):
            match = re.search(pattern, line)
            if match:
                problems.append(f"{name}:{number}: {match.group(0)!r}: {why}")
    if path.name.endswith(("_test.cc", "_conformance.h")):
        for number, line in enumerate(code.splitlines(), 1):
            if SLEEP.search(line):
                problems.append(f"{name}:{number}: a test does not sleep: inject a clock, or wait "
                                "for what it waits for")
    return problems


def is_function(head: str) -> bool:
    """Whether the text between the last ';' or brace and a '{' declares a function or a lambda."""
    head = head.strip()
    if re.match(r"(namespace|class|struct|enum|union|extern|if|for|while|switch|do|else|try|catch)\b",
                head):
        return False
    return bool(re.search(r"\)\s*(const|noexcept|override|final|mutable|->\s*[\w:<>,&* ]+|\s|BW_\w+\([^)]*\))*$",
                          head))


def long_functions(name: str, text: str) -> list[str]:
    """Outermost functions whose body has more lines than the house allows."""
    found: list[str] = []
    blocks: list[tuple[bool, int]] = []
    number, head = 1, ""
    for c in re.sub(r"^\s*#[^\n]*", "", without_texts(text), flags=re.M):
        if c == "\n":
            number += 1
        if c == "{":
            blocks.append((is_function(head), number))
        elif c == "}" and blocks:
            function, start = blocks.pop()
            nested = any(outer for outer, _ in blocks)
            if function and not nested and number - start - 1 > MAX_FUNCTION_LINES:
                found.append(f"{name}:{start}: a function of {number - start - 1} lines")
        head = "" if c in "{};" else head + c
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    problems, warnings = [], []
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        text = path.read_text(errors="replace")
        problems += find_banned(path, name, text)
        if path.suffix in CODE | {".sh", ".py"} and text.count("\n") > MAX_FILE_LINES:
            warnings.append(f"{name}: {text.count(chr(10))} lines")
        if path.suffix in CODE:
            warnings += long_functions(name, text)
    for warning in warnings:
        print(f"warning: {warning}")
    for problem in problems:
        print(problem)
    print(f"banned constructs: {len(problems)} problems, {len(warnings)} warnings")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
