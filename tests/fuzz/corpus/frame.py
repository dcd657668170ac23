#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the seeds of fuzz_frame in corpus/frame/ (needs scapy). The first byte is the flags."""
import os

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6,
                                IPv6ExtHdrFragment)
from scapy.layers.l2 import ARP, Dot1Q, Ether

HOST, PEER = "02:00:00:00:00:01", "02:00:00:00:00:02"
ether = Ether(dst=HOST, src=PEER)
ip4 = IP(src="198.18.0.1", dst="198.18.0.2")
ip6 = IPv6(src="2001:db8::1", dst="2001:db8::2")
udp = UDP(sport=40000, dport=5684) / b"reading"
group = Ether(dst="33:33:ff:00:00:02", src=PEER)
solicited = IPv6(src="2001:db8::1", dst="ff02::1:ff00:2", hlim=255)
ns = ICMPv6ND_NS(tgt="2001:db8::2")

seeds = {
    "udp4": ether / ip4 / udp,
    "udp6": ether / ip6 / udp,
    "udp4_vlan": ether / Dot1Q(vlan=100, prio=3) / ip4 / udp,
    "udp4_none": ether / ip4 / UDP(sport=1, dport=5684, chksum=0) / b"x",
    "udp4_options": ether / IP(src="198.18.0.1", dst="198.18.0.2", options=[b"\x01"] * 4) / udp,
    "fragment4": ether / IP(src="198.18.0.1", dst="198.18.0.2", flags="MF") / udp,
    "fragment6": ether / ip6 / IPv6ExtHdrFragment(nh=17) / udp,
    "arp": Ether(dst="ff:ff:ff:ff:ff:ff", src=PEER)
           / ARP(op=1, hwsrc=PEER, psrc="198.18.0.1", pdst="198.18.0.2"),
    "echo4": ether / ip4 / ICMP(type=8, id=7, seq=1) / b"ping",
    "echo6": ether / ip6 / ICMPv6EchoRequest(id=7, seq=1, data=b"ping"),
    "ns": group / solicited / ns / ICMPv6NDOptSrcLLAddr(lladdr=PEER),
    "ns_dad": group / IPv6(src="::", dst="ff02::1:ff00:2", hlim=255) / ns,
}

out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "frame")
os.makedirs(out, exist_ok=True)
for name, frame in seeds.items():
    with open(os.path.join(out, name), "wb") as f:
        f.write(b"\0" + bytes(frame))
