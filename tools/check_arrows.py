#!/usr/bin/env python3
"""Checks that folders of src/ depend on each other only as ARCHITECTURE.md allows.

The table under "## Allowed arrows" names for each folder the folders that it may include. Held
against it are every #include "folder/…" below src/, the DEPS of every CMakeLists.txt there, and the
order of folders in the top CMakeLists.txt, in which every arrow must point backwards. The folder
of an include must also be named by the DEPS of its library.

usage: check_arrows.py [PROJECT-FOLDER]
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/[^"]+"')
ROW = re.compile(r"^\|\s*`?([a-z]+)`?\s*\|([^|]*)\|")
KEYWORDS = {"NAME", "SOURCES", "DEPS", "LIBS", "LABELS"}
# Every folder stands on it.
CELLAR = "base"


def read_table(text: str) -> dict[str, set[str]]:
    section = re.search(r"^## Allowed arrows\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not section:
        raise SystemExit('ARCHITECTURE.md has no section "## Allowed arrows"')
    table = {}
    for line in section.group(1).splitlines():
        row = ROW.match(line)
        if row and row.group(1) != "folder":
            table[row.group(1)] = set(re.findall(r"[a-z]+", row.group(2))) | {CELLAR}
    return table


def read_order(text: str) -> list[str]:
    loop = re.search(r"foreach\(folder IN ITEMS\s+(base\b[^)]*)\)", text)
    if not loop:
        raise SystemExit("CMakeLists.txt has no list of folders")
    return loop.group(1).split()


def read_libraries(text: str) -> dict[str, tuple[set[str], set[str]]]:
    """Per call, by name (tests with "_test"): its sources and its DEPS."""
    calls = {}
    text = re.sub(r"#.*", "", text)
    for kind, body in re.findall(r"\bbw_(library|test)\s*\(([^()]*)\)", text):
        lists: dict[str, list[str]] = {}
        current = ""
        for word in body.split():
            if word in KEYWORDS:
                current = word
            else:
                lists.setdefault(current, []).append(word)
        name = lists.get("NAME", ["?"])[0] + ("_test" if kind == "test" else "")
        calls[name] = (set(lists.get("SOURCES", [])), set(lists.get("DEPS", [])))
    return calls


def folder_of(library: str) -> str:
    """src/api/iam is library api_iam; its folder is api."""
    return library.split("_")[0]


def check_table(table: dict[str, set[str]], order: list[str]) -> list[str]:
    problems = [f"ARCHITECTURE.md: no row for folder {f}" for f in order if f not in table]
    for folder, allowed in table.items():
        if folder not in order:
            problems.append(f"ARCHITECTURE.md: {folder} is no folder of CMakeLists.txt")
            continue
        for target in sorted(allowed - {folder}):
            if target not in order:
                problems.append(f"ARCHITECTURE.md: {folder} may include {target}, which is no folder")
            elif order.index(target) >= order.index(folder):
                problems.append(f"ARCHITECTURE.md: {folder} may include {target}, which stands above it")
    return problems


def reachable(library: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [library]
    while waiting:
        for dependency in graph.get(waiting.pop(), set()) - seen:
            seen.add(dependency)
            waiting.append(dependency)
    return seen


def check_cmake(root: pathlib.Path, table: dict[str, set[str]]) -> tuple[list[str], dict[str, set[str]]]:
    problems, graph = [], {}
    for path in sorted((root / "src").glob("**/CMakeLists.txt")):
        own = path.relative_to(root / "src").parts[0]
        for library, (_, dependencies) in read_libraries(path.read_text()).items():
            graph[library] = dependencies
            for dependency in sorted(dependencies):
                target = folder_of(dependency)
                if target != own and target not in table.get(own, set()):
                    problems.append(f"{path.relative_to(root)}: {library} depends on {dependency}; "
                                    f"{own} may not include {target}")
    return problems, graph


def linked_folders(own: str, path: pathlib.Path, graph: dict[str, set[str]]) -> set[str]:
    """A library's sources use what its DEPS name; a test's, whatever comes with what it links."""
    test = path.name.endswith(("_test.cc", "_conformance.h"))
    libraries = [name for name in graph
                 if folder_of(name) == own and (test or not name.endswith("_test"))]
    return {CELLAR} | {folder_of(dependency) for name in libraries
                       for dependency in (reachable(name, graph) if test else graph[name])}


def check_includes(root: pathlib.Path, table: dict[str, set[str]],
                   graph: dict[str, set[str]]) -> list[str]:
    problems = []
    for path in sorted((root / "src").glob("**/*")):
        if path.suffix not in (".h", ".cc") or len(path.relative_to(root / "src").parts) < 2:
            continue
        own = path.relative_to(root / "src").parts[0]
        linked = linked_folders(own, path, graph)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            include = INCLUDE.match(line)
            if not include or include.group(1) == own:
                continue
            target, place = include.group(1), f"{path.relative_to(root)}:{number}"
            if target not in table.get(own, set()):
                problems.append(f"{place}: {own} may not include {target}")
            elif target not in linked:
                problems.append(f"{place}: {own} includes {target}, which its DEPS do not name")
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    table = read_table((root / "ARCHITECTURE.md").read_text())
    problems = check_table(table, read_order((root / "CMakeLists.txt").read_text()))
    cmake_problems, graph = check_cmake(root, table)
    problems += cmake_problems + check_includes(root, table, graph)
    for problem in problems:
        print(problem)
    print(f"include arrows: {len(problems)} problems in {len(table)} folders")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
