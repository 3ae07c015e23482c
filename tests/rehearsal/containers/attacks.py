"""Attempts to leave a container, each the body of a program that sets `escaped`.

The names in capitals are those of `Host`: what a test has arranged outside of the container.
"""

_LIBC = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
OF_CONTAINERS = ("root", "nobody", "sbx_user1051")
_SAME = (
    "text = open({path!r}).read(); f = open({path!r}, 'w'); f.write(text); f.close()\nescaped = 1"
)

ATTACKS = {
    # Files of the host
    "read a file of the host": "escaped = open(FOLDER + '/secret').read()",
    "find a file of the host": (
        "escaped = [f for top in ('/mnt', '/opt', '/root', '/tmp', '/home', '/var', '/run', '/srv')"
        " for _, _, files in os.walk(top) for f in files if f == 'secret']"
    ),
    "see the parent folder of a mount": (
        "escaped = [n for p in ('/mnt/work/..', '/mnt/work/../..') for n in os.listdir(p)"
        " if n in ('secret', 'later')]"
    ),
    "see a file that is created later": (
        "open('/mnt/work/ready', 'w').close()\n"
        "while not os.path.exists('/mnt/work/go'): time.sleep(0.02)\n"
        "escaped = [p for p in ('/mnt/later', FOLDER + '/later') if os.path.exists(p)]"
    ),
    "follow a link out of a mount": (
        "os.symlink(FOLDER, '/mnt/work/link'); escaped = os.listdir('/mnt/work/link')"
    ),
    "link a file of the system into a mount": (
        "os.link('/usr/bin/env', '/mnt/work/env'); escaped = 1"
    ),
    "write a file of a read-only mount": "open('/mnt/fixed/file', 'a').write('x'); escaped = 1",
    "write the system": (
        "for p in ('/usr/x', '/etc/x', '/lib/x', '/bin/x', '/usr/local/bin/x'):\n"
        "    try: open(p, 'w').close(); escaped = p\n"
        "    except OSError: pass"
    ),
    "read the password file": "escaped = open('/etc/shadow').read()",
    "read accounts of the host": (
        f"OF_CONTAINERS = {OF_CONTAINERS}\n"
        "escaped = [l for l in open('/etc/passwd') if l.split(':')[0] not in OF_CONTAINERS]"
    ),
    "read the user's home": (
        "escaped = [n for n in ('.ssh', '.aws', '.netrc', '.gitconfig', '.bashrc', '.docker')"
        " for h in (HOME, '/root') if os.path.exists(os.path.join(h, n))]"
    ),
    "read the root folder of process 1": (
        "escaped = open('/proc/1/root' + FOLDER + '/secret').read()"
    ),
    "read the working folders of processes": (
        "escaped = [p for p in os.listdir('/proc') if p.isdigit()"
        " if os.path.exists(f'/proc/{p}/cwd{FOLDER}') or os.path.exists(f'/proc/{p}/root{FOLDER}')]"
    ),
    "break out of a chroot": (
        "os.makedirs('/tmp/jail'); root = os.open('/', os.O_RDONLY); os.chroot('/tmp/jail')\n"
        "os.fchdir(root)\n"
        "for _ in range(64): os.chdir('..')\n"
        "os.chroot('.'); escaped = open(FOLDER + '/secret').read()"
    ),
    "open a file by its handle": (
        f"{_LIBC}handle = ctypes.create_string_buffer(bytes([8, 0, 0, 0, 1, 0, 0, 0, 2]), 16)\n"
        "folder = os.open('/usr', os.O_RDONLY)\n"
        "escaped = libc.syscall(OPEN_BY_HANDLE, folder, handle, 0) >= 0"
    ),
    # Mounts and namespaces
    "mount a file system": f"{_LIBC}escaped = libc.mount(b'none', b'/mnt', b'tmpfs', 0, None) == 0",
    "mount a new /proc": f"{_LIBC}escaped = libc.mount(b'p', b'/mnt', b'proc', 0, None) == 0",
    "make a mount writable": (
        f"{_LIBC}escaped = libc.mount(b'none', b'/usr', None, 32 | 4096, None) == 0"
    ),
    "bind a folder": f"{_LIBC}escaped = libc.mount(b'/usr', b'/mnt', None, 4096, None) == 0",
    "unmount a protection": f"{_LIBC}escaped = libc.umount2(b'/proc/sys', 2) == 0",
    "clone a mount": f"{_LIBC}escaped = libc.syscall(428, -100, b'/usr', 1) >= 0",
    "enter a new user namespace": f"{_LIBC}escaped = libc.unshare(0x10000000) == 0",
    "enter a new mount namespace": f"{_LIBC}escaped = libc.unshare(0x00020000) == 0",
    "start a process in a new user namespace": (
        f"{_LIBC}pid = libc.syscall(CLONE, 0x10000000 | 17, 0, 0, 0, 0)\n"
        "if pid == 0: os._exit(0)\n"
        "escaped = pid > 0"
    ),
    "enter the namespaces of process 1": (
        f"{_LIBC}escaped = [n for n in os.listdir('/proc/1/ns')"
        " if libc.setns(os.open('/proc/1/ns/' + n, os.O_RDONLY), 0) == 0]"
    ),
    # The kernel
    "set the core pattern": _SAME.format(path="/proc/sys/kernel/core_pattern"),
    "set a kernel parameter": _SAME.format(path="/proc/sys/vm/swappiness"),
    "set the limit of user namespaces": _SAME.format(path="/proc/sys/user/max_user_namespaces"),
    "set the limit of processes": _SAME.format(path="/proc/sys/kernel/pid_max"),
    "trigger a system request": "open('/proc/sysrq-trigger', 'w').close(); escaped = 1",
    "read the kernel's memory": "escaped = os.path.getsize('/proc/kcore') or open('/dev/mem')",
    "read the kernel's keys": "escaped = open('/proc/keys').read()",
    "read the kernel's log": f"{_LIBC}escaped = libc.klogctl(10, None, 0) >= 0",
    "write to /sys": (
        "escaped = [p for p in ('/sys/kernel/uevent_helper', '/sys/power/state',"
        " '/sys/kernel/mm/ksm/run', '/sys/block') if os.path.exists(p) and os.access(p, os.W_OK)"
        " and not os.statvfs(p).f_flag & os.ST_RDONLY]"
    ),
    "use cgroups of the host": "escaped = os.listdir('/sys/fs/cgroup')",
    "load a module": f"{_LIBC}escaped = libc.syscall(INIT_MODULE, b'', 0, b'') == 0 or E() != 1",
    "load a BPF program": f"{_LIBC}escaped = libc.syscall(BPF, 0, None, 0) >= 0 or E() != 1",
    "use io_uring": f"{_LIBC}escaped = libc.syscall(425, 8, None) >= 0 or E() != 1",
    "use keys of the server": (
        f"{_LIBC}key = libc.syscall(KEYCTL, 10, -3, b'user', b'rehearsal-test', 0)\n"
        "escaped = key > 0 or libc.syscall(REQUEST_KEY, b'user', b'rehearsal-test', None, 0) > 0"
    ),
    "set the clock": "time.clock_settime(time.CLOCK_REALTIME, time.time()); escaped = 1",
    "set the host name": (
        "import socket\nsocket.sethostname('taken'); escaped = 0"  # of the namespace alone
    ),
    # Devices and terminals
    "make a device": (
        "os.mknod('/tmp/disk', 0o600 | stat.S_IFBLK, os.makedev(*DISK))\n"
        "escaped = open('/tmp/disk')"
    ),
    "open a disk": (
        "escaped = [p for p in os.listdir('/dev') if stat.S_ISBLK(os.stat('/dev/' + p).st_mode)]"
    ),
    "change a device of the host": "os.chmod('/dev/null', 0o600); escaped = 1",
    "type into a terminal": (
        "import fcntl\n"
        "for fd in (0, 1, 2):\n"
        "    try: fcntl.ioctl(fd, 0x5412, b'x'); escaped = fd\n"
        "    except OSError: pass\n"
        "escaped = escaped or open('/dev/tty')"
    ),
    # Processes and memory
    "signal a process of the host": "os.kill(VICTIM, 0); escaped = 1",
    "trace a process of the host": f"{_LIBC}escaped = libc.ptrace(16, VICTIM, None, None) == 0",
    "trace process 1": f"{_LIBC}escaped = libc.ptrace(16, 1, None, None) == 0",
    "end process 1": "os.kill(1, 9); time.sleep(0.1); escaped = 0  # the other attempts go on",
    "read the environment of the server": (
        "escaped = [p for p in os.listdir('/proc') if p.isdigit()"
        " if b'SECRET_OF_THE_SERVER' in open(f'/proc/{p}/environ', 'rb').read()]"
        " or 'SECRET_OF_THE_SERVER' in os.environ"
    ),
    "use an inherited file": (
        "listing = os.open('/proc/self/fd', os.O_RDONLY)\n"
        "escaped = [f for f in map(int, os.listdir(listing)) if f > 2 and f != listing"
        " and os.path.exists(f'/proc/self/fd/{f}')]"
    ),
    "gain privileges by a set-user-id program": (
        "escaped = 'NoNewPrivs:\\t1' not in open('/proc/self/status').read()"
    ),
    "raise a limit": (
        "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30)); escaped = 1"
    ),
    "use the shared memory of the host": (
        "escaped = os.path.exists('/dev/shm/' + SHARED)\n"
        "open('/dev/shm/from-container', 'w').close()"
    ),
    "use System V memory of the host": f"{_LIBC}escaped = libc.shmget(SYSV, 1, 0) >= 0",
    # Network
    "reach a loopback service": (
        "import socket\nsocket.create_connection(('127.0.0.1', PORT), 5); escaped = 1"
    ),
    "reach an abstract socket": (
        "import socket\nc = socket.socket(socket.AF_UNIX)\nc.connect('\\0' + ABSTRACT); escaped = 1"
    ),
    "reach a socket in a folder": (
        "import socket\nc = socket.socket(socket.AF_UNIX)\n"
        "c.connect(FOLDER + '/socket'); escaped = 1"
    ),
    "reach a container engine": (
        "escaped = [p for p in ('/var/run/docker.sock', '/run/docker.sock',"
        " '/run/podman/podman.sock', '/run/containerd/containerd.sock') if os.path.exists(p)]"
    ),
    "reach the metadata of an instance": (
        "import socket\nc = socket.create_connection(('169.254.169.254', 80), 5)\n"
        "c.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); escaped = c.recv(1)"
    ),
    "reach the hypervisor": "import socket\nsocket.socket(40, socket.SOCK_STREAM); escaped = 1",
}
