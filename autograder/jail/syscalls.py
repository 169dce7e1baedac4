"""Refusing system calls that no answer needs (seccomp, a filter in the kernel).

The numbers are those of x86-64 and of 64-bit Arm. A refused call fails with EPERM, so
that Python raises PermissionError and the student reads a sentence.
"""

import ctypes
import os
import platform
import struct
from socket import AF_INET, AF_INET6, SOCK_SEQPACKET, SOCK_STREAM

from ..errors import AutograderError

# name: (x86-64, aarch64), None where a processor has no such call
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),  # any network, also UDP and loopback
    "connect": (42, 203),
    "bind": (49, 200),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    # System V and POSIX queues and shared memory outlive the process.
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    # What Landlock does not see: modes, owners, times and attributes of any file of
    # the same user, and (before Linux 6.2) its length.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "truncate": (76, 45),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # Other processes of the same user: their priority, processors and memory.
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "memfd_create": (319, 279),  # memory that no limit counts
}
Condition = tuple[int, int, tuple[int, ...]]  # argument, bits of it, what they may be
Rule = tuple[tuple[int, int], tuple[tuple[Condition, ...], ...]]
WHOLE, SOCKET_TYPE = 0xFFFFFFFF, 0xF
NETLINK, ROUTE = 16, 0
# name: ((x86-64, aarch64), ways in which it is allowed: all conditions of one hold)
LIMITED: dict[str, Rule] = {
    # For the caller itself (process 0): it limits any process of the user.
    "prlimit64": ((302, 261), (((0, WHOLE, (0,)),),)),
    # Streams: from a pair of datagram sockets, words go to any socket with a path.
    "socketpair": (
        (53, 199),
        (((1, SOCKET_TYPE, (SOCK_STREAM, SOCK_SEQPACKET)),),),
    ),
}
# Where processes of an exercise talk over the loopback of a network of their own.
LOOPBACK = {"connect", "bind"}
LOOPBACK_LIMITED: dict[str, Rule] = {
    "socket": (
        (41, 198),
        (
            ((0, WHOLE, (AF_INET, AF_INET6)),),
            ((0, WHOLE, (NETLINK,)), (2, WHOLE, (ROUTE,))),  # gloo lists interfaces
        ),
    ),
}
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

LOAD, AND, RETURN = 0x20, 0x54, 0x06
JUMP_EQUAL, JUMP_NOT_BELOW = 0x15, 0x35
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
X32 = 0x40000000  # another numbering of the same calls on x86-64
EPERM, EFAULT = 1, 14
SET_SECCOMP, FILTER = 22, 2

Step = tuple[int, int, int, int]  # an instruction: code, jump if true, if false, value
REFUSAL: Step = (RETURN, 0, 0, ERRNO | EPERM)


def missing(libc: ctypes.CDLL) -> str:
    """Why this machine cannot refuse calls, or ""."""
    machine = platform.machine()
    if machine not in MACHINES:
        return (
            f"submissions cannot be locked in on a {machine} processor (x86-64 or "
            "64-bit Arm is needed)"
        )
    # Without a filter, a kernel that knows filters misses it at that address.
    libc.prctl(SET_SECCOMP, FILTER, None, 0, 0)
    if (error := ctypes.get_errno()) != EFAULT:
        return f"this machine refuses seccomp filters ({os.strerror(error)})"
    return ""


def program(loopback: bool = False) -> bytes:
    """The filter for this machine, as the kernel's instructions."""
    column, architecture = MACHINES[platform.machine()]
    refused, limited = REFUSED, LIMITED
    if loopback:
        refused = {k: v for k, v in REFUSED.items() if k not in LOOPBACK}
        limited = LIMITED | LOOPBACK_LIMITED
    steps: list[Step] = [
        (LOAD, 0, 0, 4),  # the architecture of the call
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),  # its number
        (JUMP_NOT_BELOW, 0, 1, X32),
        REFUSAL,
    ]
    for rule in limited.values():
        steps += _allow_only(rule, column)
    for name, numbers in refused.items():
        if (number := numbers[column]) is not None and name not in limited:
            steps += [(JUMP_EQUAL, 0, 1, number), REFUSAL]
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _allow_only(rule: Rule, column: int) -> list[Step]:
    """Steps that end with the verdict, or are jumped over for another call."""
    numbers, ways = rule
    steps = [step for way in ways for step in _allow_if(way)] + [REFUSAL]
    return [(JUMP_EQUAL, 0, len(steps), numbers[column]), *steps]


def _allow_if(conditions: tuple[Condition, ...]) -> list[Step]:
    """Steps that allow the call, or are left at the end if a condition fails."""
    steps: list[Step] = [(RETURN, 0, 0, ALLOW)]
    for argument, bits, values in reversed(conditions):
        tests = [
            (JUMP_EQUAL, left, 0 if left else len(steps), value)
            for left, value in zip(range(len(values))[::-1], values, strict=True)
        ]
        # Its lower half: these arguments have 32 bits.
        load = [(LOAD, 0, 0, 16 + 8 * argument), (AND, 0, 0, bits)]
        steps = [*load, *tests, *steps]
    return steps


def refuse(libc: ctypes.CDLL, loopback: bool = False) -> None:
    """Install the filter; it holds for all children, for good. A second one adds."""
    code = program(loopback)
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions))
    if libc.prctl(SET_SECCOMP, FILTER, header, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise AutograderError(
            f"this machine refuses seccomp filters ({reason}); grade on another "
            "machine, or pass --trust-students."
        )
