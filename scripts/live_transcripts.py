# SPDX-License-Identifier: MIT
"""
The sessions of docs/live.md: servers as Debian ships them, under load, looked at from outside. Each
session is a function that starts its server, shows commands under names, and stops the server
whatever happens.

python3 scripts/live_transcripts.py MEMTRACK SESSION     prints {"NAME": "text", ...} as JSON

Where that is allowed a session has process numbers and a /dev/shm of its own, so that it sees and
cleans nothing but its own.
"""
import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE_SECONDS = 60
INSTALLED = "/usr/local/lib/memtrack/libmemtrack.so"


class Session:
    def __init__(self, memtrack, folder, user=None):
        self.folder, self.user = folder, user
        self.shown = {}
        self.servers = []
        self.environment = {
            "PATH": "%s:/usr/lib/postgresql/15/bin:/usr/bin:/bin:/usr/sbin:/sbin" % memtrack.parent,
            "NO_COLOR": "1", "COLUMNS": "110", "LC_ALL": "C.UTF-8", "HOME": str(folder), "LIB":
            str(memtrack.parent / "libmemtrack.so")}

    def options(self):
        entry = pwd.getpwnam(self.user) if self.user else None
        as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if entry else {}
        return dict(cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                    **as_user)

    def quietly(self, command):
        """Part of the scene, not of what is shown."""
        result = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, **self.options())
        if result.returncode:
            sys.exit("live transcripts: status %d of: %s\n%s" %
                     (result.returncode, command, result.stdout))
        return result.stdout.rstrip()

    def show(self, name, command):
        printed = self.quietly(command)
        text = "\n".join(filter(None, ["$ " + command, printed])) + "\n"
        text = text.replace(str(self.folder), "/srv").replace("$LIB", INSTALLED)
        self.shown[name] = self.shown[name] + "\n" + text if name in self.shown else text
        return printed

    def background(self, name, command):
        """Shown as typed; goes on until the session ends, or its process is waited for."""
        process = subprocess.Popen(["bash", "-c", "exec env " + command], stdout=subprocess.DEVNULL,
                                   stderr=open(self.folder / "errors", "a"), start_new_session=True,
                                   **self.options())
        self.servers.append(process)
        if name:
            self.shown[name] = (self.shown[name] + "\n" if name in self.shown else
                                "") + "$ %s &\n" % command.replace("$LIB", INSTALLED)
        return process

    def wait_for(self, command):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while subprocess.run(["bash", "-c", command], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, **self.options()).returncode:
            if time.monotonic() > deadline or any(server.poll() is not None
                                                  for server in self.servers):
                sys.exit("live transcripts: waited in vain for: %s\n%s" %
                         (command, (self.folder / "errors").read_text()))
            time.sleep(0.05)

    def stop(self):
        for process in self.servers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def redis(s):
    """A server that grows by two kinds of traffic."""
    s.background("start", "LD_PRELOAD=$LIB redis-server --port 0 --unixsocket redis.sock --save '' "
                 "--enable-debug-command local")
    s.wait_for("redis-cli -s redis.sock ping")
    s.quietly("redis-benchmark -s redis.sock -q -P 16 -n 20000 -r 20000 -d 64 -t set")
    pid = s.quietly(
        "redis-cli -s redis.sock info server | sed -n 's/^process_id:\\([0-9]*\\).*/\\1/p'")
    s.show("list", "memtrack list")
    load = s.background(
        None, "redis-benchmark -s redis.sock -q -P 16 -n 100000000 -r 100000 -t set,hset")
    s.show("snapshot", "memtrack snapshot %s -o morning.pb.gz" % pid)
    s.quietly("redis-benchmark -s redis.sock -q -P 16 -n 150000 -r 100000 -d 200 -t lpush")
    s.show("snapshot", "memtrack snapshot -q %s -o evening.pb.gz" % pid)
    s.show("diff",
           "memtrack diff --by function --wrapper 'z*alloc*' -n 6 morning.pb.gz evening.pb.gz")
    s.show("top", "memtrack top --once --by function -n 5 %s" % pid)
    s.show("series", "memtrack snapshot -q %s -o series.%%n.pb.gz --every 200ms --count 3" % pid)
    s.show("series", "ls series.*")
    os.killpg(load.pid, signal.SIGKILL)
    load.wait()
    s.quietly(
        "redis-cli -s redis.sock set greeting 'a value of some length that is not embedded in its "
        "object'"
    )
    value = s.show("whois", "redis-cli -s redis.sock debug object greeting")
    inside = hex(int(value.split()[1].removeprefix("at:"), 16) + 8)
    s.show("whois", "memtrack whois %s %s" % (pid, inside))
    s.show(
        "whois", "redis-cli -s redis.sock del greeting; memtrack whois %s %s; echo status $?" %
        (pid, inside))
    server = s.servers[0]
    s.quietly("rm *.pb.gz && kill -9 %s" % pid)
    s.shown["dead"] = "$ kill -9 %s\n" % pid
    server.wait()
    s.show("dead", "memtrack list")
    s.show("dead", "memtrack report --by function --wrapper 'z*alloc*' --sort live -n 3 %s" % pid)
    s.show("dead", "memtrack list --clean")


NGINX = """worker_processes 1;
daemon off;
user root;
pid nginx.pid;
error_log errors;
events {}
http {
    access_log off;
    gzip on;
    gzip_min_length 1;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
    uwsgi_temp_path t4; scgi_temp_path t5;
    server { listen 127.0.0.1:18080; root .; }
}
"""


def nginx(s):
    """Started dormant, recorded for as long as somebody wants to know."""
    (s.folder / "nginx.conf").write_text(NGINX)
    (s.folder / "index.html").write_text("hello, world\n" * 2000)
    s.background("start", "MEMTRACK_ACTIVE=0 LD_PRELOAD=$LIB nginx -p . -c nginx.conf")
    s.wait_for("test -s nginx.pid && ab -n 1 http://127.0.0.1:18080/")
    master = s.quietly("cat nginx.pid")
    worker = s.quietly("cat /proc/%s/task/%s/children" % (master, master)).split()[0]
    load = s.background(
        None, "ab -q -n 10000000 -c 8 -H 'Accept-Encoding: gzip' http://127.0.0.1:18080/index.html")
    s.show("dormant", "memtrack list")
    s.show("dormant", "memtrack report --by function -n 4 %s" % worker)
    s.show("attach", "memtrack attach %s" % worker)
    time.sleep(1)  # what is shown is a second of traffic
    s.show("attach", "memtrack detach %s" % worker)
    s.show(
        "attach",
        "memtrack report --by function --wrapper ngx_alloc --wrapper ngx_memalign --sort total -n "
        "4 %s"
        % worker)
    os.killpg(load.pid, signal.SIGKILL)
    load.wait()


WRAPPERS = "--wrapper '*alloc*' --wrapper 'AllocSet*' --wrapper 'MemoryContext*'"


def postgres(s):
    """One backend grows; the time axis and a trigger see it."""
    s.quietly("initdb -D data -A trust -U postgres && mkdir socket")
    s.background(
        "start",
        "memtrack run -q -o %e.%p.pb.gz --when 'live>128M' -- postgres -D data -k $PWD/socket "
        "-c listen_addresses=")
    s.environment.update(PGHOST=str(s.folder / "socket"), PGUSER="postgres")
    s.wait_for("psql -c 'select 1'")
    s.quietly("pgbench -i -q")
    s.show("grow", "pgbench -c 4 -T 2 2>/dev/null | grep tps")
    s.show(
        "grow",
        "psql -Atc \"select length(array_agg(md5(g::text))::text) from generate_series(1, 1000000) "
        "g\""
    )
    written = s.show("trigger", "ls *.pb.gz").splitlines()[0]
    s.show("trigger", "memtrack report --by function %s -n 3 %s" % (WRAPPERS, written))
    s.quietly("mkdir seen && mv %s seen && pg_ctl -D data stop -m fast" % written)
    s.servers[0].wait()
    grown = written.replace(".1.pb.gz", ".pb.gz")
    s.show("timeline", "memtrack timeline --height 10 --width 100 %s" % grown)
    s.show("timeline", "memtrack timeline --tree --height 10 --width 100")


SESSIONS = {"redis": (redis, None), "nginx": (nginx, None), "postgres": (postgres, "postgres")}
NEEDED = {
    "redis": ["redis-server", "redis-benchmark"], "nginx": ["nginx", "ab"], "postgres":
    ["initdb", "pgbench", "psql"]}


def missing(name):
    """What a session needs and is not installed, or None."""
    path = "/usr/lib/postgresql/15/bin:/usr/bin:/bin:/usr/sbin"
    return next((program for program in NEEDED[name] if not shutil.which(program, path=path)), None)


def main():
    memtrack, name = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    if "--inside" not in sys.argv:
        inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                  'mount -t tmpfs -o mode=1777 none /dev/shm && exec "$@"', "sh"]
        if subprocess.run([*inside, "true"], stderr=subprocess.DEVNULL).returncode:
            inside = []
        sys.exit(
            subprocess.run([*inside, sys.executable, __file__, memtrack, name,
                            "--inside"]).returncode)
    session, user = SESSIONS[name]
    with tempfile.TemporaryDirectory(prefix="memtrack-live-") as folder:
        if user:
            shutil.chown(folder, user)
        s = Session(memtrack, pathlib.Path(folder), user if os.geteuid() == 0 else None)
        try:
            session(s)
        finally:
            s.stop()
    print(json.dumps(s.shown, indent=1))


if __name__ == "__main__":
    main()
