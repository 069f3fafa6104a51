"""Makes normalization.txt and scripts.txt from the files of the Unicode Character Database.

    python3 make_tables.py FOLDER      # the folder that holds UnicodeData.txt, CompositionExclusions.txt and Scripts.txt

normalization.txt: a line for each code point (hexadecimal) and property:
  D  its canonical decomposition, of one step      K  its compatibility decomposition, of one step
  C  its canonical combining class, if not 0       L  its simple lower case mapping
  X  it is never the result of a composition (excluded by script, a singleton, or it begins with a mark)
scripts.txt: first code point, last code point, name of the script as its property value is spelled.
"""
import re, sys

folder = sys.argv[1]
rows = [line.rstrip("\n").split(";") for line in open(f"{folder}/UnicodeData.txt", encoding="ascii")]
classes = {row[0]: int(row[3]) for row in rows}
version = re.search(r"Scripts-([0-9.]+)\.txt", open(f"{folder}/Scripts.txt", encoding="utf-8").readline()).group(1)
excluded = {line.split()[0] for line in open(f"{folder}/CompositionExclusions.txt", encoding="utf-8") if re.match(r"[0-9A-F]{4}", line)}
head = f"# Unicode {version}, made by make_tables.py from the Unicode Character Database (Unicode License V3).\n"
with open("normalization.txt", "w", encoding="ascii", newline="\n") as out:
    out.write(head)
    for row in rows:
        code, decomposition, lower = row[0], row[5], row[13]
        if decomposition.startswith("<"):
            out.write(f"K {code} {decomposition.split('> ')[1]}\n")
        elif decomposition:
            out.write(f"D {code} {decomposition}\n")
            parts = decomposition.split()
            if code in excluded or len(parts) == 1 or classes[code] or classes[parts[0]]:
                out.write(f"X {code}\n")
        if classes[code]:
            out.write(f"C {code} {classes[code]}\n")
        if lower:
            out.write(f"L {code} {lower}\n")
ranges = []
for line in open(f"{folder}/Scripts.txt", encoding="utf-8"):
    match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)", line)
    if match:
        ranges.append((int(match[1], 16), int(match[2] or match[1], 16), match[3]))
merged = []
for first, last, name in sorted(ranges):
    if merged and merged[-1][2] == name and merged[-1][1] + 1 == first:
        merged[-1] = (merged[-1][0], last, name)
    else:
        merged.append((first, last, name))
with open("scripts.txt", "w", encoding="ascii", newline="\n") as out:
    out.write(head)
    for first, last, name in merged:
        out.write(f"{first:04X} {last:04X} {name}\n")
