#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Proves that a forbidden include does not compile.

For every folder of lib/, compiles one-line files with the very include paths that meson gives that
folder: each header of a folder that it may use must be found, each header of any other must not.
Prints TAP, one case a folder.
"""
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

# What each folder may include (docs: the module list in dependency order).
ALLOWED = {
    "base": [],
    "wire": ["base"],
    "crypto": ["base"],
    "gate": ["wire", "crypto", "base"],
    "session": ["wire", "crypto", "base"],
    "path": ["gate", "session", "wire", "crypto", "base"],
    "handshake": ["gate", "wire", "crypto", "base"],
    "coap": ["wire", "base"],
    "sink": ["base"],
    "obs": ["base"],
}
WITH_DPDK = {"session", "path", "obs"}


def include_flags(command):
    """The compiler and the include paths of one compile command."""
    words = shlex.split(command["command"])
    flags = []
    for i, word in enumerate(words):
        if word in ("-I", "-isystem"):
            flags += [word, words[i + 1]]
        elif word.startswith(("-I", "-isystem")):
            flags.append(word)
    compiler = [w for w in words[:2] if not w.startswith("-")]
    return [w for w in compiler if w != "ccache"][:1], flags


def preprocess(command, text, ours=True):
    """Runs a folder's preprocessor over text, with or without the paths that are ours."""
    compiler, flags = include_flags(command)
    flags = flags if ours else []
    return subprocess.run(compiler + flags + ["-xc", "-E", "-P", "-"], cwd=command["directory"],
                          text=True, input=text, capture_output=True, check=False)


def visible(command, names, ours=True):
    """Which of the headers an include line would find."""
    text = "".join(f'#if __has_include("{n}")\nVISIBLE {n}\n#endif\n' for n in names)
    out = preprocess(command, text, ours).stdout
    return {line.split(None, 1)[1] for line in out.splitlines() if line.startswith("VISIBLE ")}


def check(lib, command, headers):
    """The ways in which a folder's paths are not what they should be."""
    may = set(ALLOWED[lib]) | {lib}
    owner_of = {name: owner for owner, names in headers.items() for name in names}
    found = visible(command, [*owner_of, "rte_mbuf.h"])
    # A package may have a header of the same name (libmd's sha2.h).
    system = visible(command, owner_of, ours=False)
    wrong = []
    for name, owner in owner_of.items():
        if name in system and owner not in may:
            continue
        if (name in found) != (owner in may):
            wrong.append(f"{name} of lib/{owner} is {'not ' if owner in may else ''}found")
        # And the include line itself, once a forbidden folder.
        if owner not in may and name == headers[owner][0]:
            if preprocess(command, f'#include "{name}"\n').returncode == 0:
                wrong.append(f'#include "{name}" of lib/{owner} compiles')
    if ("rte_mbuf.h" in found) != (lib in WITH_DPDK):
        wrong.append("DPDK's headers are " + ("found" if "rte_mbuf.h" in found else "missing"))
    return wrong


def main():
    source, build = Path(sys.argv[1]), Path(sys.argv[2])
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    headers = {lib: sorted(p.name for p in (source / "lib" / lib).glob("*.h")) for lib in ALLOWED}
    failed = 0
    print(f"1..{len(ALLOWED)}")
    for number, lib in enumerate(ALLOWED, 1):
        folder = (source / "lib" / lib).resolve()
        command = next((c for c in commands if
                        Path(os.path.join(c["directory"], c["file"])).resolve().parent == folder),
                       None)
        wrong = ["nothing of it is compiled"] if command is None else check(lib, command, headers)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - lib/{lib} sees only what it may")
        for line in wrong:
            print("# " + line)
    return 1 if failed else 0


sys.exit(main())
