#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Proves that scripts/ct-check.py sees what it should: test_ct_check.py SOURCE_ROOT COMPILER...

Compiles ct_plants.c at several levels of optimisation; every function named bad_ must be refused,
none named ok_. Prints TAP, one case a function and level.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LEVELS = ["-O1", "-O2", "-O3", "-Os"]
ALLOW = "scratch bad_annotated_scratch rdi this test says so\n"


def verdicts(root, compiler, level, folder):
    """Function: whether it passed, of one compilation."""
    obj, allow = Path(folder) / "plants.o", Path(folder) / "allow"
    allow.write_text(ALLOW, encoding="utf-8")
    subprocess.run([*compiler, level, "-std=gnu11", "-D_GNU_SOURCE", f"-I{root}/lib/base", "-c",
                    f"{root}/tests/unit/ct_plants.c", "-o", obj], check=True)
    out = subprocess.run([sys.executable, f"{root}/scripts/ct-check.py", "--allow", allow, obj],
                         text=True, capture_output=True, check=False)
    found = re.findall(r"^(not )?ok \d+ - \S+: (\w+)", out.stdout, re.MULTILINE)
    if (out.returncode != 0) != any(bad for bad, _ in found):
        print(f"# exit status {out.returncode}\n# {out.stderr}")
        return {}
    return {name: not bad for bad, name in found}


def main():
    root, compiler = sys.argv[1], sys.argv[2:]
    text = Path(root, "tests/unit/ct_plants.c").read_text(encoding="utf-8")
    wanted = sorted(set(re.findall(r"\b((?:bad|ok)_\w+)\(const|\b(ok_\w+)\(|\b(bad_\w+)\(", text)))
    names = sorted({n for found in wanted for n in found if n})
    print(f"1..{len(names) * len(LEVELS)}")
    number = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for level in LEVELS:
            got = verdicts(root, compiler, level, folder)
            for name in names:
                number += 1
                # What a helper does with a secret shows in the helper.
                passed = got.get(name) if name != "bad_helper" else got.get("helper")
                right = passed is not None and passed == name.startswith("ok_")
                failed += not right
                print(f"{'ok' if right else 'not ok'} {number} - {name} {level}")
    return failed != 0


sys.exit(main())
