//! Attempts to escape. Each runs against all sets of layers and looks from outside whether the harm was
//! done; where it can be shown safely, the same code outside the sandbox does the harm.

use std::fs;
use std::io::ErrorKind::WouldBlock;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gatemark_control::sandbox::{Job, Layers, Limits, Outcome, Ran, Sandbox, Struck};

use crate::support::{TempDir, command};

const ALL: [Layers; 3] = [Layers::Namespaces, Layers::Bubblewrap, Layers::Landlock];
const PYTHON: &str = "/usr/bin/python3";
const MIB: u64 = 1 << 20;

fn small() -> Limits {
    Limits { time_ms: 5_000, memory: 128 * MIB, disk: 8 * MIB, processes: 12, ..Limits::default() }
}

async fn outcome(layers: Layers, limits: Limits, code: &str, arguments: &[&str]) -> Outcome {
    let sandbox = Sandbox::with_layers(env!("CARGO_BIN_EXE_gatemark").into(), layers);
    let mut program: Vec<String> = [PYTHON, "-I", "-S", "-B", "x.py"].map(String::from).to_vec();
    program.extend(arguments.iter().map(ToString::to_string));
    let files = vec![("x.py".to_string(), format!("{START}\n{code}").into_bytes())];
    sandbox.run(Job { program, files, stdin: b"in".to_vec(), limits, ..Job::default() }).await
}

async fn attempt(layers: Layers, limits: Limits, code: &str, arguments: &[&str]) -> Ran {
    match outcome(layers, limits, code, arguments).await {
        Outcome::Ran(ran) => ran,
        Outcome::NotRun(reason) => panic!("{layers:?}: {reason}"),
    }
}

/// What every attempt starts with. `tried` says what became of one attempt, and goes on.
const START: &str = r#"
import os, sys, time
def tried(what, do):
    try:
        found = do()
        print(what, "WORKED", found, flush=True)
    except BaseException as error:
        print(what, "refused", type(error).__name__, flush=True)
def kernel(*arguments):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    if libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]) == -1:
        raise OSError(ctypes.get_errno(), "refused")
"#;

/// The same code without a sandbox, in a folder of its own: some of it leaves links behind.
fn unconfined(code: &str, arguments: &[&str]) -> String {
    let folder = TempDir::new();
    let mut python = Command::new(PYTHON);
    python.args(["-I", "-S", "-c", &format!("{START}\n{code}")]).args(arguments);
    python.current_dir(folder.path());
    String::from_utf8(python.output().unwrap().stdout).unwrap()
}

#[track_caller]
fn all_refused(ran: &Ran, attempts: usize) {
    assert!(!ran.stdout.contains("WORKED"), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout.matches("refused").count(), attempts, "{}\n{}", ran.stdout, ran.stderr);
}

/// Processes whose arguments hold `mark`.
fn alive(mark: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(mark)).count()
}

/// Demands that none is alive, soon: a killed process needs a moment to go.
#[track_caller]
fn all_gone(mark: &str) {
    let until = Instant::now() + Duration::from_secs(3);
    while alive(mark) > 0 {
        assert!(Instant::now() < until, "{} processes live on", alive(mark));
        std::thread::yield_now();
    }
}

fn mark(name: &str, layers: Layers) -> String {
    format!("mark-{name}-{layers:?}-{}", std::process::id())
}

/// A process of the user that the sandboxed program is outside, with a secret in its environment.
struct Victim(Child);

impl Victim {
    fn new(root: bool) -> Self {
        let mut sleeper = Command::new("/usr/bin/sleep");
        sleeper.arg("60").env("SECRET", "opensesame").stdin(Stdio::null());
        if root {
            sleeper.uid(65_534).gid(65_534);
        }
        Self(sleeper.spawn().unwrap())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test]
async fn an_honest_program_runs() {
    for layers in ALL {
        let code = "open('note', 'w').write(sys.stdin.read() + sys.argv[1])\n\
                    import subprocess, tempfile\n\
                    print(open('note').read(), subprocess.check_output(['echo', 'child']))\n\
                    tempfile.TemporaryFile().write(b'x')\n\
                    print('careful', file=sys.stderr); sys.exit(3)";
        let ran = attempt(layers, small(), code, &["put"]).await;
        assert_eq!((ran.exit, ran.signal, ran.struck), (Some(3), None, None), "{ran:?}");
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.as_str()),
            ("input b'child\\n'\n", "careful\n")
        );
        assert!(ran.cpu_us > 1_000 && ran.wall_us > 1_000, "{ran:?}");
    }
}

#[tokio::test]
async fn nobody_can_be_called() {
    let folder = TempDir::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let socket = folder.path().join("socket");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
    tcp.set_nonblocking(true).unwrap();
    udp.set_nonblocking(true).unwrap();
    unix.set_nonblocking(true).unwrap();
    let code = "import socket as s\n\
        tcp, udp = int(sys.argv[1]), int(sys.argv[2])\n\
        tried('tcp', lambda: s.create_connection(('127.0.0.1', tcp), 1))\n\
        tried('udp', lambda: s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', udp)))\n\
        tried('unix', lambda: s.socket(s.AF_UNIX).connect(sys.argv[3]))\n\
        tried('raw', lambda: s.socket(s.AF_PACKET, s.SOCK_RAW))\n\
        tried('pair', lambda: s.socketpair(s.AF_UNIX, s.SOCK_DGRAM)[0].sendto(b'x', sys.argv[3]))\n\
        tried('name', lambda: s.getaddrinfo('example.com', 80))";
    let t = tcp.local_addr().unwrap().port().to_string();
    let u = udp.local_addr().unwrap().port().to_string();
    let arguments = [t.as_str(), u.as_str(), socket.to_str().unwrap()];
    for layers in ALL {
        all_refused(&attempt(layers, small(), code, &arguments).await, 6);
        assert_eq!(tcp.accept().unwrap_err().kind(), WouldBlock);
        assert_eq!(udp.recv(&mut [0]).unwrap_err().kind(), WouldBlock);
        assert_eq!(unix.accept().unwrap_err().kind(), WouldBlock);
    }
    let first_three: String = code.lines().take(5).collect::<Vec<_>>().join("\n");
    let said = unconfined(&first_three, &arguments);
    assert_eq!(said.matches("WORKED").count(), 3, "{said}");
    assert!(tcp.accept().is_ok() && udp.recv(&mut [0]).is_ok() && unix.accept().is_ok());
}

#[tokio::test]
async fn processes_and_threads_are_bounded() {
    for layers in ALL {
        let name = mark("fork", layers);
        let limits = Limits { time_ms: 800, ..small() };
        let bomb = "while True:\n    try: os.fork()\n    except OSError: pass";
        let ran = attempt(layers, limits, bomb, &[&name]).await;
        // Time ends it, or the memory of all its processes together.
        assert!(matches!(ran.struck, Some(Struck::Time | Struck::Memory)), "{ran:?}");
        all_gone(&name);
        let count = "made = 0\ntry:\n    while made < 500:\n        if os.fork() == 0: time.sleep(9)\n\
                     \x20       made += 1\nexcept OSError: pass\nprint(made, flush=True); os._exit(0)";
        let ran = attempt(layers, small(), count, &[&name]).await;
        let made: u64 = ran.stdout.trim().parse().unwrap();
        assert!((1..=12).contains(&made), "{layers:?}: {ran:?}");
        all_gone(&name);
        let threads = "import _thread\nmade = 0\ntry:\n    while made < 500:\n\
                       \x20       _thread.start_new_thread(time.sleep, (9,)); made += 1\n\
                       except RuntimeError: pass\nprint(made, flush=True); os._exit(0)";
        let ran = attempt(layers, small(), threads, &[]).await;
        let made: u64 = ran.stdout.trim().parse().unwrap();
        assert!((1..=12).contains(&made), "{layers:?}: {ran:?}");
    }
}

#[tokio::test]
async fn memory_is_bounded_for_one_and_for_all() {
    for layers in ALL {
        let code = "import mmap\n\
            tried('one', lambda: len(bytearray(1 << 30)))\n\
            tried('shared', lambda: len(mmap.mmap(-1, 1 << 30)))\n\
            tried('hidden', lambda: os.memfd_create('x'))";
        all_refused(&attempt(layers, small(), code, &[]).await, 3);
        // Each stays below the limit of one process.
        let many =
            "for _ in range(3): os.fork()\nkept = bytearray(b'x') * (40 << 20)\ntime.sleep(9)";
        let name = mark("memory", layers);
        let ran = attempt(layers, small(), many, &[&name]).await;
        assert_eq!(ran.struck, Some(Struck::Memory), "{ran:?}");
        all_gone(&name);
    }
}

#[tokio::test]
async fn orphans_and_stacks_count_as_memory() {
    for layers in ALL {
        let name = mark("orphan", layers);
        // Each below the limit of one process, and none a child of the program any more.
        let orphans = "for _ in range(4):\n    if os.fork() == 0:\n        if os.fork() == 0:\n\
            \x20           kept = bytearray(b'x') * (60 << 20)\n            time.sleep(9)\n\
            \x20       os._exit(0)\n    os.wait()\ntime.sleep(9)";
        let ran = attempt(layers, small(), orphans, &[&name]).await;
        assert_eq!(ran.struck, Some(Struck::Memory), "{ran:?}");
        all_gone(&name);
        // More of them, one after the other, than there may be at once.
        let many = "for _ in range(40):\n    if os.fork() == 0:\n        if os.fork() == 0: os._exit(0)\n\
            \x20       os._exit(0)\n    os.wait(); time.sleep(0.01)\nprint('all')";
        let ran = attempt(layers, small(), many, &[]).await;
        // The first process of a world of its own has to take note of its orphans' ends itself.
        assert!(layers == Layers::Namespaces || ran.stdout == "all\n", "{layers:?}: {ran:?}");
        let stack = "import mmap\n\
            tried('stack', lambda: len(mmap.mmap(-1, 1 << 20, flags=0x122)))\n\
            print(len(mmap.mmap(-1, 1 << 20, flags=0x22)))";
        let ran = attempt(layers, small(), stack, &[]).await;
        all_refused(&ran, 1);
        assert!(ran.stdout.ends_with("1048576\n"), "{ran:?}");
    }
}

#[tokio::test]
async fn files_signal_nobody_else() {
    let victim = Victim::new(is_root());
    let code = "import fcntl, struct\nr, w = os.pipe()\npid = int(sys.argv[1])\n\
        tried('own', lambda: fcntl.fcntl(r, 8, pid))\n\
        tried('own_ex', lambda: fcntl.fcntl(r, 15, struct.pack('ii', 1, pid)))\n\
        tried('sig', lambda: fcntl.fcntl(r, 10, 9))\n\
        tried('fioset', lambda: fcntl.ioctl(r, 0x8901, struct.pack('i', pid)))\n\
        tried('pgrp', lambda: fcntl.ioctl(r, 0x8902, struct.pack('i', pid)))\n\
        print(fcntl.fcntl(r, fcntl.F_GETFL))";
    let pid = victim.0.id().to_string();
    for layers in [Layers::Bubblewrap, Layers::Landlock] {
        let ran = attempt(layers, small(), code, &[&pid]).await;
        all_refused(&ran, 5);
        assert!(ran.stdout.ends_with("0\n"), "{ran:?}");
    }
    assert_eq!(
        unconfined(code, &[&std::process::id().to_string()]).matches("sig WORKED").count(),
        1
    );
}

#[tokio::test]
async fn files_are_bounded() {
    for layers in ALL {
        let one = "def fill():\n    with open('big', 'wb', 0) as f:\n\
                   \x20       while f.tell() < 1 << 27: f.write(bytes(1 << 20))\n\
                   tried('one', fill)\nprint(os.stat('big').st_size)";
        let ran = attempt(layers, small(), one, &[]).await;
        // Without a file system of its own the folder is looked at, and with this program in it one file at
        // the limit is too much: whichever comes first, the refusal or the look, ends the writing.
        let looked_at = layers != Layers::Namespaces && ran.struck == Some(Struck::Disk);
        let size = ran.stdout.lines().last().and_then(|line| line.parse::<u64>().ok());
        let refused = ran.stdout.starts_with("one refused") && size.is_some_and(|n| n <= 8 * MIB);
        assert!(refused || looked_at, "{ran:?}");
        let many =
            "for i in range(1 << 20):\n    with open(str(i), 'wb', 0) as f: f.write(b'x' * 999)";
        let ran = attempt(layers, small(), many, &[]).await;
        let full = ran.stderr.contains("No space left") || ran.struck == Some(Struck::Disk);
        assert!(full && !ran.succeeded(), "{layers:?}: {ran:?}");
    }
    let own = format!("gatemark-jail-{}-", std::process::id());
    let left = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    // Other tests of this process may be running theirs.
    let full = left.filter(|e| e.file_name().to_string_lossy().starts_with(&own));
    assert!(full.filter(|e| e.path().join("big").exists()).count() == 0);
}

#[tokio::test]
async fn nothing_outside_can_be_read() {
    let folder = TempDir::new();
    let home = std::env::var("HOME").unwrap();
    let in_home = Path::new(&home).join(format!(".gatemark-secret-{}", std::process::id()));
    let secret = folder.path().join("secret");
    fs::write(&secret, "opensesame").unwrap();
    fs::write(&in_home, "opensesame").unwrap();
    let code = "for path in sys.argv[1:] + ['/etc/passwd', '/etc/shadow', '/proc/self/environ']:\n\
        \x20   tried('read', lambda: open(path).read())\n\
        path = sys.argv[1]\n\
        tried('up', lambda: open('../' * 9 + path).read())\n\
        tried('root', lambda: open('/proc/self/root' + path).read())\n\
        os.symlink(path, 'link')\n\
        tried('symlink', lambda: open('link').read())\n\
        tried('hardlink', lambda: (os.link(path, 'hard'), open('hard').read()))\n\
        tried('folder', lambda: os.listdir(os.path.dirname(path)))";
    let arguments = [secret.to_str().unwrap(), in_home.to_str().unwrap()];
    for layers in ALL {
        let ran = attempt(layers, small(), code, &arguments).await;
        all_refused(&ran, 10);
        assert!(!ran.stdout.contains("opensesame"));
    }
    fs::remove_file(&in_home).unwrap();
    let said = unconfined(&code.replace("sys.argv[1:] + ", ""), &arguments);
    assert!(said.contains("up WORKED opensesame"), "{said}");
}

#[tokio::test]
async fn nothing_outside_can_be_changed() {
    let folder = TempDir::new();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    // Permissions alone must not be what saves it.
    if is_root() {
        std::os::unix::fs::chown(&file, Some(65_534), Some(65_534)).unwrap();
        std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let seen = |path: &Path| {
        let found = fs::metadata(path).unwrap();
        (found.mode(), found.mtime(), found.ctime_nsec(), found.ino())
    };
    let before = (seen(&file), seen(folder.path()));
    let code = "f = sys.argv[1]; d = os.path.dirname(f)\n\
        tried('write', lambda: open(f, 'w').write('x'))\n\
        tried('append', lambda: open(f, 'a').write('x'))\n\
        tried('truncate', lambda: os.truncate(f, 0))\n\
        tried('unlink', lambda: os.unlink(f))\n\
        tried('rename', lambda: os.rename(f, 'stolen'))\n\
        tried('replace', lambda: (open('new', 'w').close(), os.rename('new', f)))\n\
        tried('chmod', lambda: os.chmod(f, 0o600))\n\
        tried('utime', lambda: os.utime(f, (0, 0)))\n\
        tried('xattr', lambda: os.setxattr(f, 'user.x', b'x'))\n\
        tried('create', lambda: open(d + '/other', 'w'))\n\
        tried('mkdir', lambda: os.mkdir(d + '/folder'))\n\
        os.symlink(f, 'link')\n\
        tried('symlink', lambda: open('link', 'w').write('x'))\n\
        tried('system', lambda: open('/usr/x', 'w'))\n\
        tried('device', lambda: os.mknod('disk', 0o60600, os.makedev(254, 0)))";
    for layers in ALL {
        all_refused(&attempt(layers, small(), code, &[file.to_str().unwrap()]).await, 14);
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!((seen(&file), seen(folder.path())), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    let said = unconfined(
        code.lines().take(3).collect::<Vec<_>>().join("\n").as_str(),
        &[file.to_str().unwrap()],
    );
    assert_eq!(said.matches("WORKED").count(), 2, "{said}");
}

/// A file system that anybody may write to, mounted below a folder that is shown.
#[test]
fn mounts_below_what_is_shown_are_read_only_too() {
    // Only in a world of its own is the mount made; then nobody of this machine sees it.
    let mounts = "mount -t tmpfs -o mode=777 below /usr/lib && mkdir '/usr/lib/a b' && \
        mount -t tmpfs -o mode=777,noexec below '/usr/lib/a b' && mkdir /usr/lib/gone && \
        mount -t tmpfs -o mode=777 below /usr/lib/gone && mkdir /usr/lib/gone/x && \
        mount -t tmpfs -o mode=777 below /usr/lib/gone/x && \
        mount -t tmpfs -o mode=777 over /usr/lib/gone && ";
    let mounts = mounts.replace("/usr/lib", "/usr/local/lib");
    let code = "import os\n\
        for p in ['/usr', '/usr/local/lib', '/usr/local/lib/a b', '/usr/local/lib/gone']:\n\
        \x20   found = os.statvfs(p)\n\
        \x20   print(os.stat(p).st_mode & 0o777 == 0o777, found.f_flag & 7)\n\
        \x20   try: open(p + '/x', 'w'); print('WORKED')\n\
        \x20   except OSError as error: print(error.errno in (1, 13, 30))\n\
        print(open('/dev/null', 'w').write('x'), len(open('/dev/urandom', 'rb').read(9)))";
    let run = ["sandbox", "--layers", "namespaces", "--", PYTHON, "-I", "-S", "-c", code];
    // Not root inside, or the sandbox would have to become nobody, whom this world does not know.
    let script = format!("{mounts} exec unshare --user --map-user=1 --map-group=1 \"$@\"");
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "/bin/sh", "-c", &script, "sh"])
        .arg(env!("CARGO_BIN_EXE_gatemark"))
        .args(run)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    // Read only and without setuid programs: 1 | 2, and no devices: 4.
    let expected = "False 7\nTrue\nTrue 7\nTrue\nTrue 7\nTrue\nTrue 7\nTrue\n1 9\n";
    assert_eq!(said, expected, "{told}");
}

/// Where this program may not make namespaces and `bwrap` may: the call by which we make them is refused, and
/// bubblewrap makes its own by another. A security policy that names `bwrap` has the same effect.
#[test]
fn bubblewrap_is_taken_where_only_it_can_make_a_world() {
    let policy = "import ctypes, os, struct, sys\n\
        libc = ctypes.CDLL(None)\n\
        steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 272), (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)]\n\
        text = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *s) for s in steps))\n\
        class Filter(ctypes.Structure):\n\
        \x20   _fields_ = [('length', ctypes.c_ushort), ('steps', ctypes.c_void_p)]\n\
        found = Filter(len(steps), ctypes.addressof(text))\n\
        assert libc.prctl(38, 1, 0, 0, 0) == 0 == libc.prctl(22, 2, ctypes.byref(found))\n\
        os.execv(sys.argv[1], sys.argv[1:])";
    let gatemark = |arguments: &[&str]| {
        let mut python = Command::new(PYTHON);
        python.args(["-I", "-S", "-c", policy, env!("CARGO_BIN_EXE_gatemark")]).args(arguments);
        let output = python.stdin(Stdio::null()).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (said, told) = gatemark(&["sandbox"]);
    assert!(said.starts_with("set in use: bubblewrap\nbubblewrap: "), "{said}{told}");
    assert!(told.contains("not here: Namespaces: not run: no namespaces: EPERM"), "{told}");
    let (said, told) = gatemark(&["sandbox", "--", "echo", "hello"]);
    assert_eq!(said, "hello\n", "{told}");
}

/// `gatemark` alone, without `gatemark-jail` beside it.
#[test]
fn one_program_is_enough() {
    let folder = TempDir::new();
    let alone = folder.path().join("gatemark");
    fs::copy(env!("CARGO_BIN_EXE_gatemark"), &alone).unwrap();
    assert!(Path::new(env!("CARGO_BIN_EXE_gatemark-jail")).is_file());
    for layers in ["namespaces", "bubblewrap", "landlock"] {
        let run = ["sandbox", "--layers", layers, "--", "echo", "hello"];
        let output = Command::new(&alone).args(run).stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "hello\n", "{told}");
    }
}

#[tokio::test]
async fn other_processes_are_out_of_reach() {
    let mut victim = Victim::new(is_root());
    let pids = [victim.0.id(), std::process::id(), 1];
    let code = "import signal\nfor pid in map(int, sys.argv[1:]):\n\
        \x20   tried('environ', lambda: open(f'/proc/{pid}/environ').read())\n\
        \x20   tried('memory', lambda: open(f'/proc/{pid}/mem', 'rb'))\n\
        \x20   tried('attach', lambda: kernel(101, 16, pid, 0, 0))\n\
        \x20   tried('seize', lambda: kernel(101, 0x4206, pid, 0, 0))\n\
        \x20   tried('read', lambda: kernel(310, pid, 0, 0, 0, 0, 0))\n\
        \x20   tried('limits', lambda: kernel(302, pid, 7, 0, 0))\n\
        \x20   tried('pidfd', lambda: os.pidfd_open(pid))\n\
        \x20   if pid > 1: tried('kill', lambda: os.kill(pid, 9))\n\
        \x20   if pid > 1: tried('stop', lambda: os.kill(pid, signal.SIGSTOP))\n\
        \x20   if pid > 1: tried('queue', lambda: kernel(129, pid, 9, 0))";
    let pids = pids.map(|pid| pid.to_string());
    let pids: Vec<&str> = pids.iter().map(String::as_str).collect();
    for layers in ALL {
        all_refused(&attempt(layers, small(), code, &pids).await, 27);
        let everyone = "try: os.kill(-1, 9)\nexcept OSError: pass\n\
                        try: os.kill(0, 9)\nexcept OSError: pass";
        // It may kill itself by that.
        drop(outcome(layers, small(), everyone, &[]).await);
        assert!(victim.0.try_wait().unwrap().is_none(), "{layers:?}: the victim is dead");
        let status = fs::read_to_string(format!("/proc/{}/status", victim.0.id())).unwrap();
        assert!(status.contains("State:\tS"), "{layers:?}: {status}");
    }
}

#[tokio::test]
async fn nothing_is_inherited() {
    let folder = TempDir::new();
    fs::write(folder.path().join("secret"), "opensesame").unwrap();
    let code = "import os\nfor fd in range(3, 250):\n    try: print(fd, os.read(fd, 99))\n\
        \x20   except OSError: pass\nprint(sorted(os.environ), os.environ.get('SECRET'))";
    for layers in ["namespaces", "bubblewrap", "landlock"] {
        let script = "exec 8<secret 9<secret; exec \"$@\"";
        let run = ["sandbox", "--layers", layers, "--", PYTHON, "-I", "-S", "-c", code];
        let output = Command::new("/bin/sh")
            .args(["-c", script, "sh", env!("CARGO_BIN_EXE_gatemark")])
            .args(run)
            .current_dir(folder.path())
            .env("SECRET", "opensesame")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said, "['HOME', 'LANG', 'PATH', 'TMPDIR', 'USER'] None\n", "{layers}");
    }
}

#[tokio::test]
async fn output_and_time_are_bounded() {
    for layers in ALL {
        let name = mark("time", layers);
        let limits = Limits { output: 100_000, ..small() };
        for stream in ["stdout", "stderr"] {
            let code = format!("while True: sys.{stream}.write('x' * 999)");
            let ran = attempt(layers, limits, &code, &[&name]).await;
            assert_eq!(ran.struck, Some(Struck::Output), "{ran:?}");
            assert_eq!(ran.stdout.len() + ran.stderr.len(), 100_000);
        }
        let limits = Limits { time_ms: 300, ..small() };
        let ran = attempt(layers, limits, "time.sleep(99)", &[&name]).await;
        assert_eq!(ran.struck, Some(Struck::Time));
        assert!((300_000..2_000_000).contains(&ran.wall_us), "{ran:?}");
        let limits = Limits { cpu_s: 1, time_ms: 60_000, ..small() };
        let ran = attempt(layers, limits, "while True: pass", &[&name]).await;
        assert_eq!(ran.struck, Some(Struck::Cpu), "{ran:?}");
        all_gone(&name);
    }
}

#[tokio::test]
async fn nothing_outlives_the_run() {
    let daemon = "if os.fork() == 0:\n    try: os.setsid()\n    except OSError: pass\n\
        \x20   if os.fork() == 0:\n        for fd in (0, 1, 2): os.close(fd)\n        time.sleep(99)\n\
        \x20   os._exit(0)\nos.wait(); print('left')";
    for layers in ALL {
        let name = mark("daemon", layers);
        let ran = attempt(layers, small(), daemon, &[&name]).await;
        assert!(ran.succeeded() && ran.stdout == "left\n", "{ran:?}");
        all_gone(&name);
    }
}

#[test]
fn a_killed_parent_takes_it_along() {
    for layers in ["namespaces", "bubblewrap", "landlock"] {
        let name = format!("mark-orphan-{layers}-{}", std::process::id());
        let folder = TempDir::new();
        let code = "import time; time.sleep(99)";
        let run = ["sandbox", "--layers", layers, "--time-ms", "60000", "--", PYTHON, "-c", code];
        let mut gatemark = command(folder.path(), &run);
        // Its folder, if it has one, is swept by the next job.
        let mut child = gatemark.arg(&name).stdin(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        while alive(&name) < 2 {
            assert!(Instant::now() < until, "it never ran");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        all_gone(&name);
    }
}

#[tokio::test]
async fn rights_cannot_be_got_back() {
    let code = "import resource as r, subprocess\n\
        for which in (r.RLIMIT_NPROC, r.RLIMIT_DATA, r.RLIMIT_FSIZE, r.RLIMIT_CPU, r.RLIMIT_CORE):\n\
        \x20   tried('limit', lambda: r.setrlimit(which, (r.RLIM_INFINITY, r.RLIM_INFINITY)))\n\
        tried('users', lambda: kernel(272, 0x10000000))\n\
        tried('mounts', lambda: kernel(272, 0x20000))\n\
        tried('clone', lambda: kernel(56, 0x10000000 | 17, 0, 0, 0, 0))\n\
        tried('clone3', lambda: kernel(435, 0, 0))\n\
        tried('setns', lambda: kernel(308, 0, 0))\n\
        tried('mount', lambda: kernel(165, b'x', b'/', b'tmpfs', 0, 0))\n\
        tried('chroot', lambda: os.chroot('.'))\n\
        tried('bpf', lambda: kernel(321, 0, 0, 0))\n\
        tried('ring', lambda: kernel(425, 1, 0))\n\
        tried('perf', lambda: kernel(298, 0, 0, -1, -1, 0))\n\
        tried('keys', lambda: kernel(250, 0, -3, 1))\n\
        tried('faults', lambda: kernel(323, 0))\n\
        tried('x32', lambda: kernel(0x40000000 | 41, 1, 1, 0))\n\
        tried('root', lambda: os.setuid(0))\n\
        tried('su', lambda: subprocess.check_output(['su', '-c', 'id'], stderr=-3))\n\
        import ctypes\n\
        print(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0), r.getrlimit(r.RLIMIT_CORE))";
    for layers in ALL {
        let ran = attempt(layers, small(), code, &[]).await;
        all_refused(&ran, 20);
        assert!(ran.stdout.ends_with("1 (1, 1)\n"), "no new privileges, no core: {}", ran.stdout);
    }
}

#[tokio::test]
async fn what_cannot_be_confined_is_not_run() {
    let job = || Job { program: vec!["touch".into(), "x".into()], ..Job::default() };
    let broken = Sandbox::new("/usr/bin/false".into());
    let Outcome::NotRun(reason) = broken.run(job()).await else { panic!("it ran") };
    let reason = reason.to_string();
    assert!(reason.starts_with("not run: this machine offers no sandbox"), "{reason}");
    assert!(
        ["Namespaces: ", "Bubblewrap: ", "Landlock: "].iter().all(|set| reason.contains(set)),
        "{reason}"
    );
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_gatemark").into());
    let missing = Job { program: vec!["no-such-program".into()], ..Job::default() };
    let Outcome::NotRun(reason) = sandbox.run(missing).await else { panic!("it ran") };
    assert!(reason.to_string().contains("`no-such-program` is in none of"), "{reason}");
    let outside = Job { files: vec![("../x".into(), vec![])], ..job() };
    assert!(matches!(sandbox.run(outside).await, Outcome::NotRun(_)));
}
