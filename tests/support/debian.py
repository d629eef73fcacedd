# SPDX-License-Identifier: MIT
"""
Clean Debian systems to install packages in. debootstrap makes one for each suite, once, below the
build directory; a test works in a copy of it. Where packages come from is what this machine's apt
has been told, its proxies included. A System's commands run in mount and process namespaces of
their own: nothing stays mounted, no process is left.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

CACHE = pathlib.Path(os.environ["MEMTRACK_BUILD"]) / "tests/debootstrap"
# Of this machine's apt, what the one in the system needs to reach the same mirror.
APT_SETTINGS = (
    "Acquire::Check-",
    "Acquire::http",
    "Acquire::https",
    "Acquire::Retries",
    "Acquire::ForceIPv4",
)
ENTER = """
mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev/shm" -o mode=1777 && cd / &&
root=$1 && shift &&
exec chroot "$root" env -i "$@"
"""


class Unavailable(Exception):
    """Why there can be no such system here."""


def mirror():
    """Where Debian's packages come from, as apt has it configured."""
    told = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(COMPONENT) $(ORIGIN)",
            "Created-By: Packages",
        ],
        capture_output=True,
        text=True,
    ).stdout
    for line in told.splitlines():
        uri, component, *origin = line.split()
        if (
            component == "main"
            and origin in ([], ["Debian"], ["$(ORIGIN)"])
            and "-security" not in uri
        ):
            return uri
    raise Unavailable("apt has no source of Debian's packages here (apt-get indextargets)")


def why_not():
    """Why debootstrap cannot be used here, or None."""
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed"
    if os.geteuid() != 0:
        return "debootstrap needs root"
    if (
        subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True
        ).returncode
        != 0
    ):
        return "no namespaces can be made here"
    return None


def is_cached(suite):
    return (CACHE / suite).is_dir()


def apt_settings():
    told = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    return "".join(
        line + "\n"
        for line in told.splitlines()
        if line.startswith(APT_SETTINGS) and '""' not in line
    )


def make_base(suite):
    """The path of a system of the suite to copy."""
    base, uri = CACHE / suite, mirror()
    if base.is_dir():
        return base
    CACHE.mkdir(parents=True, exist_ok=True)
    growing = pathlib.Path(tempfile.mkdtemp(prefix=suite + ".", dir=CACHE))
    try:
        growing.chmod(0o755)
        result = subprocess.run(
            ["debootstrap", "--variant=minbase", suite, growing, uri],
            capture_output=True,
            text=True,
        )
        if result.returncode != 0:
            raise Unavailable(
                f"debootstrap of {suite} from {uri} failed: "
                f"{result.stdout[-500:]}{result.stderr[-500:]}"
            )
        (growing / "etc/apt/apt.conf.d/99host").write_text(apt_settings())
        growing.rename(base)
    finally:
        shutil.rmtree(growing, ignore_errors=True)
    return base


class System:
    """A copy of a clean system; `with System("bookworm") as system: system.run("ls")`."""

    def __init__(self, suite):
        base = make_base(suite)
        self.suite, self.root = suite, pathlib.Path(
            tempfile.mkdtemp(prefix=suite + "-used.", dir=CACHE)
        )
        subprocess.run(["cp", "-a", "--reflink=auto", f"{base}/.", self.root], check=True)
        for name in ("resolv.conf", "hosts"):
            if os.path.exists("/etc/" + name):
                shutil.copy("/etc/" + name, self.root / "etc" / name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, *command, check=True, **env):
        """The CompletedProcess of a command in it, with both outputs as text."""
        environment = {
            name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")
        }
        environment.update(
            {
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": "/root",
                "LC_ALL": "C.UTF-8",
                "DEBIAN_FRONTEND": "noninteractive",
                **env,
            }
        )
        result = subprocess.run(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                ENTER,
                "sh",
                self.root,
                *(f"{name}={value}" for name, value in environment.items()),
                *map(str, command),
            ],
            capture_output=True,
            text=True,
            errors="replace",
        )
        if check and result.returncode != 0:
            raise AssertionError(
                f"{self.suite}: {command} ended with {result.returncode}\n{result.stdout[-4000:]}"
                f"{result.stderr[-4000:]}"
            )
        return result

    def shell(self, text, check=True, **env):
        return self.run("sh", "-ec", text, check=check, **env)

    def install(self, *packages):
        """Installs by name or by path; Unavailable when what they need cannot be fetched."""
        quiet = (
            "-qq",
            "-y",
            "--no-install-recommends",
            "-o",
            "Dpkg::Use-Pty=0",
            "-o",
            "Dpkg::Options::=--force-unsafe-io",
        )
        if self.run("apt-get", "-qq", "update", check=False).returncode != 0:
            raise Unavailable(f"{self.suite}: apt-get update failed")
        if (
            self.run("apt-get", "--simulate", *quiet, "install", *packages, check=False).returncode
            != 0
        ):
            self.run(
                "apt-get", "--simulate", "-y", "install", *packages
            )  # a dependency that the suite cannot satisfy
        if (
            self.run(
                "apt-get", "--download-only", *quiet, "install", *packages, check=False
            ).returncode
            != 0
        ):
            raise Unavailable(f"{self.suite}: packages could not be fetched")
        return self.run("apt-get", *quiet, "install", *packages)

    def files(self):
        """Every path in it but those of mounts and of what dpkg and apt keep for themselves."""
        left_out = {
            "proc",
            "sys",
            "dev",
            "tmp",
            "var/lib/apt",
            "var/lib/dpkg",
            "var/cache",
            "var/log",
        }
        found = set()
        for folder, folders, names in os.walk(self.root):
            below = os.path.relpath(folder, self.root)
            folders[:] = [
                name
                for name in folders
                if os.path.normpath(os.path.join(below, name)) not in left_out
            ]
            found.update(os.path.normpath(os.path.join(below, name)) for name in [*folders, *names])
        return found
