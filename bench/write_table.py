"""Puts a measured table between the marks <!-- bench:NAME --> and <!-- /bench:NAME --> of a document.

usage: write_table.py DOCUMENT NAME TABLE-FILE
"""

import re
import sys


def main(document, name, table):
    with open(document, encoding="utf-8") as file:
        text = file.read()
    with open(table, encoding="utf-8") as file:
        measured = file.read().strip()
    first, last = "<!-- bench:%s -->" % name, "<!-- /bench:%s -->" % name
    if first not in text:
        sys.exit("%s has no mark %s" % (document, first))
    if last not in text:
        text = text.replace(first, first + "\n" + last)
    text = re.sub(re.escape(first) + ".*?" + re.escape(last),
                  lambda _: "%s\n%s\n%s" % (first, measured, last), text, flags=re.S)
    with open(document, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
