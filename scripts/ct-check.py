#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether machine code branches on, or takes an address from, secret bytes.

  ct-check.py [--allow FILE] OBJECT...      .o or .a; prints TAP, a case a function

Follows every value of every function through registers, flags and stack (abstract interpretation
over objdump's listing) and refuses
  - a conditional or indirect jump that depends on a secret, and a call through one,
  - a memory operand whose base or index is one, gathers included,
  - a division, a repeat count or a length given to memcpy and the like that is one,
  - a call of memcmp and its kind, and a result of any other unknown function used in these ways.
Secret is whatever comes from memory by more than so many loads in a row: arguments are public; what
they point at (an operation: lengths, pointers) is public; what those pointers point at (keys,
records) is not. Whatever a vector register loads is secret, except from constants and from the
stack, where it is as secret as what was put there. Masks, moved bytes and conditional moves are as
secret as what they are made of. An unknown instruction's results are as secret as its operands.

What is public all the same stands in the allow list, each line with its reason:
  depth OBJECT N REASON              so many loads in a row are public (1 without this line)
  scratch FUNCTION REGISTER REASON   the argument points at secrets directly
  result FUNCTION REASON             what this function returns is public
  source FUNCTION MNEMONIC N REASON  what this instruction makes, at most N times, is public
  calls FUNCTION N REASON            at most N calls through pointers that are loaded deeper
  public FUNCTION REGISTER N REASON  so much of what the argument points at ("all") is public, also
                                     loaded as vectors, and whatever is written there
  quiet FUNCTION REASON              what it calls through pointers writes nothing that it reads again
  arrays FUNCTION REASON             its arrays on the stack are told apart by where accesses begin
  skip FUNCTION REASON               not looked at
Names are patterns (fnmatch).
"""
import argparse
import fnmatch
import re
import subprocess
import sys
from pathlib import Path

SECRET = 99
ARGS = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"]
CALLER_SAVED = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"]
REGS = {}
for full, *parts in (["rax", "eax", "ax", "al", "ah"], ["rbx", "ebx", "bx", "bl", "bh"],
                     ["rcx", "ecx", "cx", "cl", "ch"], ["rdx", "edx", "dx", "dl", "dh"],
                     ["rsi", "esi", "si", "sil"], ["rdi", "edi", "di", "dil"],
                     ["rbp", "ebp", "bp", "bpl"], ["rsp", "esp", "sp", "spl"],
                     *[[f"r{i}", f"r{i}d", f"r{i}w", f"r{i}b"] for i in range(8, 16)]):
    for size, part in zip((8, 4, 2, 1, 1), [full, *parts]):
        REGS[part] = (full, size)
for i in range(32):
    for letter, size in zip("xyz", (16, 32, 64)):
        REGS[f"{letter}mm{i}"] = (f"v{i}", size)
for i in range(8):
    REGS[f"k{i}"] = (f"k{i}", 8)

SIZES = {"BYTE": 1, "WORD": 2, "DWORD": 4, "QWORD": 8, "XMMWORD": 16, "YMMWORD": 32, "ZMMWORD": 64}
NOTHING = {"nop", "nopw", "nopl", "endbr64", "data16", "vzeroupper", "vzeroall", "mfence", "lfence",
           "sfence", "pause", "ud2", "int3", "cld", "xchg_same", "emms", "hlt"}
COMPARE = {"cmp", "test", "ptest", "vptest", "ucomiss", "ucomisd", "comiss", "comisd", "vucomiss",
           "vucomisd", "vcomiss", "vcomisd", "bt", "vtestps", "vtestpd"}
ARITHMETIC = {"add", "sub", "and", "or", "xor", "inc", "dec", "neg", "shl", "sal", "shr", "sar",
              "rol", "ror", "rcl", "rcr", "shld", "shrd", "adc", "sbb", "imul", "mul", "bsf", "bsr",
              "tzcnt", "lzcnt", "popcnt", "andn", "blsr", "blsi", "blsmsk", "bzhi", "bextr", "xadd",
              "cmpxchg", "bts", "btr", "btc", "adcx", "adox", "div", "idiv"}
TO_DEST = re.compile(r"v?(mov(?!s[bwdq]$)|lea|pmov|broadcast|pbroadcast|lddqu)|kmov|movabs|bswap")
COPIES = {"memcpy": 2, "memmove": 2, "memset": 2, "explicit_bzero": 1, "__memcpy_chk": 2}
COMPARES = re.compile(r"(mem|str|bcmp|strn|strcase)cmp|bcmp|CRYPTO_memcmp")

# Depth, what it points at, offset in that, whether at secrets, origin. The offset is a number, or
# (n,): n or more (an index is taken to be positive), or None.
PUBLIC = (0, None, None, False, "")


def moved(offset, n):
    """An offset and n more."""
    if offset is None or n is None:
        return None if offset is None else offset if isinstance(offset, tuple) else (offset,)
    return (offset[0] + n,) if isinstance(offset, tuple) else offset + n


def either(a, b):
    """One of two offsets."""
    if a == b or a is None or b is None:
        return a if a == b else None
    if isinstance(a, tuple) and (b[0] if isinstance(b, tuple) else b) < a[0]:
        return None  # falling
    return (min(a[0] if isinstance(a, tuple) else a, b[0] if isinstance(b, tuple) else b),)


def span(offset, size):
    """From where to where an access may reach."""
    if offset is None:
        return -1 << 62, 1 << 62
    return (offset[0], 1 << 62) if isinstance(offset, tuple) else (offset, offset + size)


def deeper(value, depth, origin):
    """A value of this depth that points at nothing known."""
    return (min(depth, SECRET), None, None, value[3], origin)


def join(*values):
    """What is one of several, or made of them."""
    best = max(values, key=lambda v: v[0])
    if all(v[:4] == best[:4] for v in values):
        return best
    if len(values) == 2 and values[0][1] is not None and values[0][1] == values[1][1]:
        return (best[0], best[1], either(values[0][2], values[1][2]),
                values[0][3] or values[1][3], best[4])
    return (best[0], None, None, any(v[3] for v in values), best[4])


class Operand:
    """A register, a number or memory."""

    def __init__(self, text, comment):
        self.mask = re.search(r"\{(k\d)\}", text)
        self.zeroing = "{z}" in text
        text = re.sub(r"\{[^}]*\}", "", text).strip()
        self.text, self.reg, self.mem = text, REGS.get(text), None
        self.size = self.reg[1] if self.reg else 8
        found = re.match(r"(?:(\w+) (?:PTR|BCST) )?(?:[cdefgs]s:)?\[(.*)\]$", text)
        if found:
            self.size = SIZES.get(found[1], 64 if "v" in text else 8)
            self.mem, self.offset, self.constant = [], 0, "rip" in found[2]
            self.rodata = self.constant and re.search(r"rodata|\.LC|data\.rel\.ro", comment or "")
            for sign, term in re.findall(r"([+-]?)([^+-]+)", found[2]):
                name, _, scale = term.partition("*")
                if name in REGS:
                    self.mem.append((REGS[name][0], int(scale or 1)))
                elif name not in ("rip", "riz", "eiz"):
                    self.offset += int(term, 0) * (-1 if sign == "-" else 1)
        elif re.match(r"(?:(\w+) PTR )?[c-g]s:", text):  # a thread's canary and the like
            self.mem, self.offset, self.constant, self.rodata = [], 0, True, True


class Instruction:
    """One line of the listing."""

    def __init__(self, address, text):
        self.address, self.relocation, self.got = address, "", False
        text, _, _ = text.partition("#")
        text = re.sub(r"^((?:rep\w*|lock|bnd|notrack|cs|ds|data16|rex\.\w+) +)*", self.prefix, text)
        self.name, _, rest = text.strip().partition(" ")
        self.rest = rest.strip()
        self.text = (self.prefixes + " " if self.prefixes else "") + text.strip()
        self.operands = []

    def prefix(self, found):
        """Keeps what stands before the mnemonic."""
        self.prefixes = found[0].strip()
        return ""

    def finish(self):
        """Operands, once the relocation is known."""
        parts = re.split(r",(?![^\[]*\])", self.rest) if self.rest else []
        self.operands = [Operand(p, self.relocation) for p in parts]

    def target(self):
        """The address, in its function, that a jump names."""
        found = re.match(r"([0-9a-f]+) <", self.rest)
        return int(found[1], 16) if found else None

    def callee(self):
        """The function that a call or jump names."""
        name = self.relocation or (re.search(r"<([^>+]+)>", self.rest) or [None, ""])[1]
        return re.sub(r"[-+]0x[0-9a-f]+$", "", name.split("@")[0])


class State:
    """What is known at one place."""

    def __init__(self, regs, memory):
        self.regs, self.memory = regs, memory

    def copy(self):
        return State(dict(self.regs), dict(self.memory))

    def merge(self, other):
        """Joins other into this; whether that changed anything."""
        changed = False
        theirs = {k: join(v, *other.somewhere(k)) if k not in other.memory else v
                  for k, v in self.memory.items()} | other.memory
        for mine, yours in (self.regs, other.regs), (self.memory, theirs):
            for key, value in yours.items():
                old = mine.get(key)
                if old is None:
                    # Stack that was not written on one way is as the other way left it.
                    new = join(value, *self.somewhere(key)) if mine is self.memory else value
                else:
                    new = old if old[:4] == value[:4] else join(old, value)
                if old is None or new[:4] != old[:4]:
                    mine[key] = new
                    changed = True
        return changed

    def somewhere(self, key):
        """What stores to unknown places may have put there."""
        sym, start, size = key
        return [v for (other, at, length), v in self.memory.items()
                if length < 0 < size and other == sym and at < start + size and
                start < at - length]


class Function:
    """A function's instructions, and what its callers give it."""

    def __init__(self, name, instructions, limit, allow):
        self.name, self.instructions, self.limit, self.allow = name, instructions, limit, allow
        self.entry = {r: PUBLIC for r in ARGS}
        for pattern, reg, _ in allow["scratch"]:
            if fnmatch.fnmatch(name, pattern):
                self.entry[reg] = (0, None, None, True, f"argument {reg}")
        self.wrong, self.sources, self.vector_stores, self.stored = {}, {}, set(), {}
        self.result = 0
        self.bases, self.ends = {}, {}  # of arrays on the stack
        self.calls = {}  # callee: arguments
        self.called = {}  # stores through arguments, of the functions it calls; by name
        self.index = {ins.address: i for i, ins in enumerate(instructions)}

    def given(self, args):
        """Takes arguments of a call into account."""
        for reg, value in args.items():
            old = self.entry[reg]
            if value[0] > old[0] or value[3] and not old[3]:
                self.entry[reg] = (max(value[0], old[0]), None, None, value[3] or old[3],
                                   value[4] or old[4])

    # Values

    def bad(self, ins, what, value):
        if value[0] > self.limit:
            self.wrong[ins.address] = f"{ins.text}: {what} ({value[4] or 'unknown'})"

    def address(self, s, op, ins, check=True):
        """The pointer that a memory operand is; refused when secret."""
        if op.constant and not op.mem:
            return (0, ("constant",) if op.rodata else ("global", ins.relocation), op.offset, False,
                    "a constant")
        values = [(s.regs.get(r, PUBLIC), scale) for r, scale in op.mem]
        if check:
            for v, _ in values:
                self.bad(ins, "an address from a secret", v)
        pointers = [v for v, scale in values if scale == 1]
        indices = [v for v, scale in values if scale != 1]
        base = next((v for v in pointers if v[1] is not None), None)
        if len(values) == 1 and pointers:
            v = values[0][0]
            return (v[0], v[1], moved(v[2], op.offset), v[3], v[4])
        if base is not None and len(pointers) <= 2:
            rest = [v for v in pointers if v is not base]
            # Where both could be the pointer, the deeper one is; a public index makes none deeper.
            depth = max([base[0]] + [v[0] for v in rest if v[1] is not None or
                                     v[0] > self.limit])
            return (depth, base[1], moved(moved(base[2], op.offset), None),
                    any(v[3] for v, _ in values), base[4])
        if not values:
            return (0, ("absolute",), op.offset, False, "")
        got = join(*(pointers or indices))
        return (got[0], got[1] if pointers else None, None, any(v[3] for v, _ in values), got[4])

    def index_depth(self, s, op):
        return max([s.regs.get(r, PUBLIC)[0] for r, scale in op.mem if scale != 1], default=0)

    def is_public(self, where, size):
        """Whether the allow list has this part of an argument's memory."""
        low, high = span(where[2], size)
        return any(fnmatch.fnmatch(self.name, pattern) and where[1] == ("argument", reg) and
                   (length == "all" or 0 <= low and high <= int(length, 0))
                   for pattern, reg, length, _ in self.allow["public"])

    @staticmethod
    def is_stack(where):
        return where[1] is not None and where[1][0] == "stack"

    def load(self, s, op, ins):
        where = self.address(s, op, ins)
        origin = f"{ins.address:x}: {ins.text}"
        if op.constant and ins.got:  # the linker's table of addresses
            return (0, ("global", ins.relocation), 0, False, origin)
        if where[1] == ("constant",):
            return (self.index_depth(s, op), None, None, False, origin)
        if where[3]:
            return (SECRET, None, None, False, origin)
        if self.is_stack(where):
            return self.load_stack(s, where, op.size)
        sym, off = where[1], where[2]
        depth = max(where[0] + 1, self.index_depth(s, op))
        if self.is_public(where, op.size):
            pass
        elif op.size >= 16:
            depth = SECRET
        elif sym is not None:
            for other, start, size in self.vector_stores:
                low, high = span(off, op.size)
                if other == sym and span(start, size)[0] < high and low < span(start, size)[1]:
                    depth = SECRET
        return (min(depth, SECRET), ("loaded", ins.address), 0, False, origin)

    def reach(self, sym, off, size):
        """From where to where an access to the stack may reach."""
        low, high = span(off, size)
        if isinstance(off, tuple):
            self.bases.setdefault(sym, set()).add(low)
            # Where arrays are told apart, one ends where the next begins.
            high = min([b for b in self.ends.get(sym, ()) if b >= low + 64], default=high)
        return low, high

    def load_stack(self, s, where, size):
        sym, off = where[1], where[2]
        low, high = self.reach(sym, off, size)
        parts, weak, covered = [], [], 0
        for (other, start, length), value in s.memory.items():
            if other != sym or start >= high or start + abs(length) <= low:
                continue
            if length < 0:
                weak.append(value)
                continue
            covered += min(high, start + length) - max(low, start)
            parts.append(value)
            if (start, length) == (off, size):
                return value  # kept up to date by stores to unknown places
        if covered < high - low:
            parts += weak
        if not parts:
            return PUBLIC
        got = join(*parts)
        return deeper(got, got[0], got[4])

    def store(self, s, op, ins, value):
        where = self.address(s, op, ins)
        sym, off, size = where[1], where[2], op.size
        if not self.is_stack(where):
            if sym is not None and value[0] > self.limit and size >= 16:
                self.vector_stores.add((sym, off, size))
            if sym is not None and sym[0] == "argument":
                self.stored[sym[1]] = max(self.stored.get(sym[1], 0), value[0])
            return
        if not isinstance(off, int):  # somewhere in it
            low, high = self.reach(sym, off, size)
            for key in [k for k in s.memory if k[0] == sym and k[2] > 0 and
                        k[1] + k[2] > low and k[1] < high]:
                s.memory[key] = join(s.memory[key], value)
            key = (sym, low, low - high)
            s.memory[key] = join(s.memory[key], value) if key in s.memory else value
            return
        for key in [k for k in s.memory if k[0] == sym and k[2] > 0 and
                    k[1] < off + size and off < k[1] + k[2]]:
            old, end = s.memory.pop(key), key[1] + key[2]  # what is left of it
            if key[1] < off:
                s.memory[(sym, key[1], off - key[1])] = deeper(old, old[0], old[4])
            if end > off + size:
                s.memory[(sym, off + size, end - off - size)] = deeper(old, old[0], old[4])
        s.memory[(sym, off, size)] = value

    def read(self, s, op, ins):
        if op.mem is not None:
            got = self.load(s, op, ins)
        elif op.reg:
            got = s.regs.get(op.reg[0], PUBLIC)
        else:
            got = PUBLIC
        if op.mask:
            got = join(got, s.regs.get(op.mask[1], PUBLIC))
        return got

    def write(self, s, op, ins, value):
        for pattern, name, count, _ in self.allow["source"]:
            if value[0] > self.limit and name == ins.name and fnmatch.fnmatch(self.name, pattern):
                self.sources.setdefault((pattern, name, int(count)), set()).add(ins.address)
                value = PUBLIC
        if op.mask and not op.zeroing:
            value = join(value, s.regs.get(op.reg[0], PUBLIC) if op.reg else PUBLIC)
        if op.mask:
            value = join(value, s.regs.get(op.mask[1], PUBLIC))
        if op.mem is not None:
            self.store(s, op, ins, value)
        elif op.reg:
            if op.reg[1] < 4 and op.reg[0][0] == "r":
                value = join(value, s.regs.get(op.reg[0], PUBLIC))
            s.regs[op.reg[0]] = value

    # Instructions

    def step(self, s, ins):
        """One instruction that is not a jump."""
        name, ops = ins.name, ins.operands
        if name in NOTHING or name.startswith(("nop", "data16")):
            return
        if name in ("push", "pop", "leave"):
            self.stack(s, ins)
        elif name == "call":
            self.call(s, ins)
        elif name.startswith("prefetch") or name in ("clflush", "clflushopt", "clwb"):
            self.address(s, ops[0], ins)
        elif name in ("cpuid", "xgetbv", "rdtsc", "rdtscp", "rdrand", "rdseed"):
            for reg in "rax", "rbx", "rcx", "rdx":
                if name == "cpuid" or reg in ("rax", "rdx"):
                    s.regs[reg] = PUBLIC
        elif re.fullmatch(r"(stos|movs|lods|cmps|scas)[bwdq]?", name) and (
                ins.prefixes or not ops or not ops[0].reg):
            self.string(s, ins)
        elif name in ("cdqe", "cwde", "cbw"):
            pass
        elif name in ("cqo", "cdq", "cwd"):
            s.regs["rdx"] = deeper(s.regs.get("rax", PUBLIC), s.regs.get("rax", PUBLIC)[0], "")
        elif name in COMPARE or name.startswith(("kortest", "ktest")):
            s.regs["flags"] = join(*(self.read(s, op, ins) for op in ops))
        elif name.startswith("set"):
            self.write(s, ops[0], ins, s.regs.get("flags", PUBLIC))
        elif name.startswith("cmov"):
            self.write(s, ops[0], ins, join(*(self.read(s, op, ins) for op in ops),
                                            s.regs.get("flags", PUBLIC)))
        elif name == "lea":
            self.lea(s, ins)
        else:
            self.compute(s, ins)

    def stack(self, s, ins):
        size, ops = 8, ins.operands
        if ins.name == "leave":
            s.regs["rsp"] = s.regs.get("rbp", PUBLIC)
        top = s.regs.get("rsp", PUBLIC)
        slot = Operand("QWORD PTR [rsp]", "")
        if ins.name == "push":
            value = self.read(s, ops[0], ins)
            s.regs["rsp"] = (*top[:2], moved(top[2], -size), *top[3:])
            self.store(s, slot, ins, value)
        else:
            value = self.load(s, slot, ins)
            s.regs["rsp"] = (*top[:2], moved(top[2], size), *top[3:])
            self.write(s, ops[0] if ops else Operand("rbp", ""), ins, value)

    def lea(self, s, ins):
        op = ins.operands[1]
        where = self.address(s, op, ins, check=False)
        depth = max([where[0]] + [d for d in (s.regs.get(r, PUBLIC)[0] for r, _ in op.mem)
                                  if where[1] is None or d > self.limit])
        if self.is_stack(where) and where[2] is not None:
            self.bases.setdefault(where[1], set()).add(span(where[2], 1)[0])
        self.write(s, ins.operands[0], ins, (depth, *where[1:]))

    def string(self, s, ins):
        used = ["rdi"] if ins.name.startswith(("stos", "scas")) else ["rsi"]
        used += ["rdi"] if ins.name.startswith(("movs", "cmps")) else []
        if ins.prefixes:
            used.append("rcx")
        for reg in used:
            self.bad(ins, "a string instruction over a secret", s.regs.get(reg, PUBLIC))
        value = s.regs.get("rax", PUBLIC)
        if ins.name.startswith(("movs", "lods", "cmps", "scas")):
            source = s.regs.get("rsi" if not ins.name.startswith("scas") else "rdi", PUBLIC)
            value = deeper(source, source[0] + 1, f"{ins.address:x}: {ins.text}")
        if ins.name.startswith(("cmps", "scas")):
            s.regs["flags"] = value
            if "rep" in ins.prefixes:
                self.bad(ins, "a comparison that ends early", (SECRET, None, None, False, "data"))
            return
        if ins.name.startswith("lods"):
            s.regs["rax"] = value
            return
        saved, s.regs["rdi"] = s.regs.get("rdi", PUBLIC), (*s.regs.get("rdi", PUBLIC)[:2], None,
                                                           *s.regs.get("rdi", PUBLIC)[3:])
        self.store(s, Operand("QWORD PTR [rdi]", ""), ins, value)
        s.regs["rdi"] = (*saved[:2], None, *saved[3:])

    def compute(self, s, ins):
        name, ops = ins.name, ins.operands
        values = [self.read(s, op, ins) for op in ops
                  if not (op is ops[0] and TO_DEST.match(name))]
        same = len({op.text for op in ops if op.reg}) == 1 and len(ops) >= 2 and all(
            op.reg for op in ops[-2:])
        three = name.startswith("v") or name in ("andn", "shlx", "shrx", "sarx", "rorx", "pdep",
                                                 "pext", "bzhi", "bextr") or name[0] == "k"
        if three and len(ops) >= 2 and not name.startswith(("vfma", "vpternlog", "vpermi2",
                                                            "vpermt2", "vpshldv", "vpdp")):
            values = values if TO_DEST.match(name) else values[1:]
            same = len(ops) >= 3 and ops[1].reg is not None and ops[1].text == ops[2].text
        if re.search(r"xor|^sub$|andn?ot|^v?psub|^v?pcmp(eq|gt)", name) and same:
            values = [PUBLIC]
        if name.startswith("vpternlog") and ops[-1].text in ("0xff", "0x0"):
            values = [PUBLIC]
        if name in ("sbb", "adc", "rcl", "rcr", "adcx", "adox"):
            values.append(s.regs.get("flags", PUBLIC))
        if len(ops) == 1 and name in ("mul", "imul", "div", "idiv"):
            values += [s.regs.get("rax", PUBLIC), s.regs.get("rdx", PUBLIC)]
            if "div" in name:
                values = [self.read(s, ops[0], ins), s.regs.get("rax", PUBLIC),
                          s.regs.get("rdx", PUBLIC)]
                self.bad(ins, "a division of a secret", join(*values))
            s.regs["rax"] = s.regs["rdx"] = deeper(PUBLIC, join(*values)[0], join(*values)[4])
            s.regs["flags"] = join(*values)
            return
        value = join(*values) if values else PUBLIC
        value = self.pointer(s, ins, value)
        if name in ARITHMETIC:
            s.regs["flags"] = value
        if name in ("xchg", "xadd", "cmpxchg"):
            for op in ops:
                self.write(s, op, ins, value)
            s.regs["rax"] = join(value, s.regs.get("rax", PUBLIC))
        elif name.startswith(("pcmpestr", "pcmpistr", "vpcmpestr", "vpcmpistr")):
            s.regs["rcx"] = s.regs["flags"] = s.regs["v0"] = value
        elif name == "mulx":
            self.write(s, ops[0], ins, join(value, s.regs.get("rdx", PUBLIC)))
            self.write(s, ops[1], ins, join(value, s.regs.get("rdx", PUBLIC)))
        elif ops:
            self.write(s, ops[0], ins, value)

    def pointer(self, s, ins, value):
        """What a value points at after arithmetic."""
        name, ops = ins.name, ins.operands
        if TO_DEST.match(name) or name not in ARITHMETIC:
            keep = TO_DEST.match(name) and len(ops) == 2 and name in ("mov", "movabs", "movq", "vmovq")
            return value if keep else deeper(value, value[0], value[4])
        if ops and ops[0].reg:
            old = s.regs.get(ops[0].reg[0], PUBLIC)
            number = re.fullmatch(r"-?(0x)?[0-9a-f]+", ops[-1].text) if len(ops) == 2 else None
            other = PUBLIC if len(ops) < 2 or not ops[1].reg else s.regs.get(ops[1].reg[0], PUBLIC)
            if old[1] is not None and name in ("add", "sub") and (
                    old[0] == value[0] or other[1] is None and value[0] <= self.limit):
                off = moved(old[2], None) if name == "add" else None
                if number:
                    n = int(ops[1].text, 0)
                    n = n - (1 << 64) if n >= 1 << 63 else n
                    off = moved(old[2], n if name == "add" else -n)
                return (old[0], old[1], off, value[3], old[4])
            if name == "and" and old[1] is not None and old[1][0] == "stack":
                return (old[0], ("stack", ins.address), 0, False, old[4])
            if name == "add" and len(ops) == 2 and ops[1].reg:  # index + pointer
                if other[1] is not None:
                    depth = other[0] if value[0] <= self.limit else value[0]
                    return (depth, other[1], moved(other[2], None), value[3], other[4])
        return deeper(value, value[0], value[4])

    # Control

    def call(self, s, ins):
        callee = ins.callee()
        args = {r: s.regs.get(r, PUBLIC) for r in ARGS}
        if ins.operands and (ins.operands[0].mem is not None or ins.operands[0].reg):
            if not ins.relocation:
                self.bad(ins, "a call through a secret", self.read(s, ins.operands[0], ins))
                callee = "*"
        if COMPARES.fullmatch(callee) and callee != "CRYPTO_memcmp":
            self.wrong[ins.address] = f"{ins.text}: {callee} ends early"
        if callee in COPIES:
            for reg in ARGS[:COPIES[callee] + 1]:
                if not (callee == "memset" and reg == "rsi"):
                    self.bad(ins, f"an argument of {callee} is secret", args[reg])
        self.effects(s, ins, callee, args)
        known = callee in self.called or callee in COPIES or any(
            fnmatch.fnmatch(callee, pattern) for pattern, _ in self.allow["result"])
        result = args["rdi"] if callee in COPIES else PUBLIC if known else (
            SECRET, None, None, False, f"the result of {callee}")
        if callee in self.called:
            depth = self.called[callee]["result"]
            result = (depth, None, None, False, f"the result of {callee}")
        for reg in CALLER_SAVED + [f"v{i}" for i in range(32)] + [f"k{i}" for i in range(8)]:
            s.regs[reg] = PUBLIC if reg != "rax" else result
        s.regs["v0"] = (SECRET, None, None, False, f"the result of {callee}")
        s.regs["flags"] = PUBLIC

    def effects(self, s, ins, callee, args):
        """What a call writes, and what its callee is given."""
        old = self.calls.setdefault(callee, dict(args))
        for reg, value in args.items():
            old[reg] = join(old[reg], value)
            if not self.is_stack(value):
                continue
            if callee in COPIES:
                source = args["rsi"]
                made = PUBLIC if callee in ("memset", "explicit_bzero") else (
                    self.load_stack(s, (*source[:2], moved(source[2], None), *source[3:]), 1)
                    if self.is_stack(source) else deeper(source, source[0] + 1, ins.text))
                written = made if reg == "rdi" else None
            elif callee == "*" and any(fnmatch.fnmatch(self.name, pattern)
                                       for pattern, _ in self.allow["quiet"]):
                written = None
            elif callee in self.called:
                depth = self.called[callee]["stores"].get(reg)
                written = None if depth is None else (depth, None, None, False, callee)
            else:
                written = (SECRET, None, None, False, f"{callee} wrote it")
            if written is not None:
                saved, s.regs["rax"] = s.regs.get("rax", PUBLIC), (*value[:2], moved(
                    value[2], None), *value[3:])
                self.store(s, Operand("BYTE PTR [rax]", ""), ins, written)
                s.regs["rax"] = saved

    def successors(self, s, i):
        """Runs the block from instruction i; where it goes on."""
        while True:
            ins = self.instructions[i]
            name = ins.name
            if name in ("ret", "retq") or name in ("ud2", "hlt"):
                result = s.regs.get("rax", PUBLIC)
                self.result = max(self.result, result[0])
                return []
            if name == "jmp":
                target = self.index.get(ins.target()) if not ins.relocation else None
                if ins.operands and (ins.operands[0].mem is not None or ins.operands[0].reg):
                    to, top = self.read(s, ins.operands[0], ins), s.regs.get("rsp", PUBLIC)
                    self.bad(ins, "a jump through a secret", to)
                    if top[1:3] == (("stack", 0), 0) and to[1] != ("constant",):
                        return []  # a last call
                    # A table of cases: any place that nothing else leads to.
                    return self.table
                if target is None:
                    self.call(s, ins)
                    return []
                return [target]
            if name.startswith("j") or name.startswith("loop"):
                flags = s.regs.get("flags", PUBLIC)
                if name in ("jrcxz", "jecxz") or name.startswith("loop"):
                    flags = join(flags, s.regs.get("rcx", PUBLIC))
                self.bad(ins, "a branch on a secret", flags)
                target = self.index.get(ins.target()) if not ins.relocation else None
                return [t for t in (target, i + 1) if t is not None and t < len(self.instructions)]
            self.step(s, ins)
            i += 1
            if i >= len(self.instructions):
                return []
            if i in self.leaders:
                return [i]

    def leaders_of(self):
        leaders, targets = {0}, set()
        for i, ins in enumerate(self.instructions):
            if ins.name.startswith(("j", "loop")):
                leaders.add(i + 1)
                target = self.index.get(ins.target()) if not ins.relocation else None
                if target is not None:
                    targets.add(target)
        self.leaders = leaders | targets
        self.table = [i for i in sorted(leaders) if i not in targets and i > 0 and
                      i < len(self.instructions) and
                      self.instructions[i - 1].name in ("jmp", "ret")]

    def run(self, called):
        """To the fixed point."""
        self.run_once(called)
        if any(fnmatch.fnmatch(self.name, pattern) for pattern, _ in self.allow["arrays"]):
            self.ends = {sym: set(bases) for sym, bases in self.bases.items()}
            self.stored, self.result, self.vector_stores = {}, 0, set()
            self.run_once(called)

    def run_once(self, called):
        """To the fixed point, with what is known of arrays."""
        self.called, self.wrong, self.sources, self.calls = called, {}, {}, {}
        self.leaders_of()
        regs = {r: PUBLIC if v == PUBLIC else v for r, v in self.entry.items()}
        for reg, v in regs.items():
            regs[reg] = (v[0], ("argument", reg), 0, v[3], v[4])
        regs["rsp"] = (0, ("stack", 0), 0, False, "the stack")
        states, work = {0: State(regs, {})}, [0]
        while work:
            i = work.pop()
            s = states[i].copy()
            stores = len(self.vector_stores)
            for target in self.successors(s, i):
                if target not in states:
                    states[target] = s.copy()
                    work.append(target)
                elif states[target].merge(s) and target not in work:
                    work.append(target)
            if len(self.vector_stores) > stores:  # loads elsewhere may see them
                work += [t for t in states if t not in work]
        self.forgive_calls()
        for (pattern, name, count), places in self.sources.items():
            if len(places) > count:
                self.wrong[-1] = f"{name}: {len(places)} times, the allow list has {count} ({pattern})"


    def forgive_calls(self):
        for pattern, count, _ in self.allow["calls"]:
            if fnmatch.fnmatch(self.name, pattern):
                places = [a for a in self.wrong if a in self.index and
                          self.instructions[self.index[a]].name in ("call", "jmp")]
                # And the load of such a pointer just before its jump.
                for a in list(self.wrong):
                    i = self.index.get(a)
                    if i is not None and self.instructions[i].name == "mov":
                        reg = self.instructions[i].operands[0].text
                        places += [a for ins in self.instructions[i + 1:i + 12]
                                   if ins.name in ("call", "jmp") and ins.rest == reg][:1]
                if len(places) <= int(count):
                    for a in places:
                        self.wrong.pop(a, None)


# Listings

def listing(path):
    """The functions of an object file or archive: name, instructions."""
    text = subprocess.run(["objdump", "-d", "-r", "-w", "--no-show-raw-insn", "-M", "intel", path],
                          check=True, capture_output=True, text=True).stdout
    functions, body = [], None
    for line in text.splitlines():
        head = re.match(r"([0-9a-f]+) <(.+)>:$", line)
        ins = re.match(r" *([0-9a-f]+):\t(.+)$", line)
        rel = re.match(r"\t+ *[0-9a-f]+: R_X86_64_(\w+)\t(.+)$", line)
        if head:
            body = []
            functions.append((head[2], body))
        elif rel and body:
            body[-1].relocation, body[-1].got = rel[2], "GOT" in rel[1]
        elif ins and body is not None and ins[2].strip():
            text, _, relocation = ins[2].partition("\t")
            body.append(Instruction(int(ins[1], 16), text))
            found = re.search(r"R_X86_64_(\w+)\s+(\S+)", relocation)
            if found:
                body[-1].relocation, body[-1].got = found[2], "GOT" in found[1]
    for _, body in functions:
        for ins in body:
            ins.finish()
    return [(name, body) for name, body in functions if body]


def read_object(path, allow):
    """The functions of one object."""
    limit = 1
    for pattern, depth, _ in allow["depth"]:
        if fnmatch.fnmatch(Path(path).name, pattern):
            limit = int(depth)
    return [Function(name, body, limit, allow) for name, body in listing(path)
            if not any(fnmatch.fnmatch(name, pattern) for pattern, _ in allow["skip"])]


def check(objects):
    """Finds out what is wrong in the functions of all objects."""
    everything = [f for found in objects.values() for f in found]
    # A static function's name means the one in the same object.
    scopes = {path: {f.name: f for f in everything} | {f.name: f for f in found}
              for path, found in objects.items()}
    for _ in range(8):  # what functions are given and give back
        before = [(dict(f.entry), dict(f.stored), f.result) for f in everything]
        for path, found in objects.items():
            for f in found:
                f.run({n: {"stores": dict(g.stored), "result": g.result}
                       for n, g in scopes[path].items()})
        for path, found in objects.items():
            for f in found:
                for callee, args in f.calls.items():
                    if callee in scopes[path] and callee != f.name:
                        scopes[path][callee].given(args)
        if before == [(f.entry, f.stored, f.result) for f in everything]:
            break


def read_allow(path):
    """The allow list."""
    fields = {"depth": 3, "scratch": 3, "result": 2, "source": 4, "calls": 3, "public": 4,
              "quiet": 2, "arrays": 2, "skip": 2}
    allow = {kind: [] for kind in fields}
    if path is None:
        return allow
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        kind, _, rest = line.partition(" ")
        words = rest.split(None, fields.get(kind, 1) - 1)
        if kind not in fields or len(words) != fields[kind]:
            sys.exit(f"{path}:{number}: not a line of an allow list, or no reason")
        allow[kind].append(tuple(words))
    return allow


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--allow")
    parser.add_argument("--below", nargs=2, metavar=("DIRECTORY", "PATTERN"),
                        help="also the object files of that name below that directory")
    parser.add_argument("objects", nargs="*")
    args = parser.parse_args()
    allow = read_allow(args.allow)
    number = failed = 0
    if args.below:
        args.objects += sorted(str(p) for p in Path(args.below[0]).rglob(args.below[1]))
    if not args.objects:
        sys.exit("ct-check.py: no objects")
    objects = {path: read_object(path, allow) for path in args.objects}
    check(objects)
    for path, functions in objects.items():
        for f in functions or [None]:
            name = "(no code)" if f is None else f.name
            number += 1
            wrong = {0: "nothing to look at"} if f is None else f.wrong
            failed += bool(wrong)
            jumps = 0 if f is None else sum(i.name.startswith("j") and i.name != "jmp"
                                            for i in f.instructions)
            total = 0 if f is None else len(f.instructions)
            print(f"{'not ok' if wrong else 'ok'} {number} - {Path(path).name}: {name}: "
                  f"{total} instructions, {jumps} conditional jumps")
            for address, what in sorted(wrong.items()):
                print(f"# {name}+{address:x}: {what}")
    print(f"1..{number}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
