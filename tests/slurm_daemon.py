"""A SLURM of one node on this machine, for as long as a test needs it."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

PLACES = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
PROGRAMS = {name: shutil.which(name, path=PLACES) for name in ("munged", "slurmctld", "slurmd", "sbatch")}

needs_slurm = pytest.mark.skipif(
    not all(PROGRAMS.values()) and os.environ.get("CI") != "true",
    reason="apt-get install munge slurmctld slurmd slurm-client to test against a real SLURM",
)

CONFIGURATION = """
ClusterName=symplect
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES State=UP
"""


@contextmanager
def slurm():
    """Runs munged, slurmctld and slurmd on free ports of the loopback, and names them in the environment."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm")))  # sockets need a short path
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("SLURM_CONF", str(configure(folder)))
        munge = [f"--{name}={folder}/munge.{name}" for name in ("socket", "pid-file", "log-file", "seed-file")]
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        stack.enter_context(_running("munged", "--foreground", "--force", f"--key-file={key}", *munge))
        stack.enter_context(_running("slurmctld", "-D", log=folder / "slurmctld.log"))
        stack.enter_context(_running("slurmd", "-D", log=folder / "slurmd.log"))
        _wait_until(lambda: _said("sinfo", "--noheader", "--format=%T").strip() == "idle", folder)
        stack.callback(_end_jobs, folder)
        yield


def configure(folder):
    """Writes the configuration of a SLURM on ports that are free, and returns its path."""
    host, user = socket.gethostname().partition(".")[0], _said("id", "-un").strip()
    path = folder / "slurm.conf"
    path.write_text(CONFIGURATION.format(host=host, user=user, folder=folder, ports=_free_ports(2)))
    return path


def _free_ports(count):
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _running(name, *arguments, log=None):
    with open(log or os.devnull, "w") as said:
        process = subprocess.Popen([PROGRAMS[name], *arguments], stdout=said, stderr=said)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _end_jobs(folder):
    subprocess.run(["scancel", "--me"], check=True)
    _wait_until(lambda: not _said("squeue", "--noheader"), folder)


def _wait_until(done, folder, seconds=60):
    end = time.monotonic() + seconds
    while not done():
        logs = (f"{path}:\n{path.read_text()}" for path in folder.glob("*.log"))
        assert time.monotonic() < end, "SLURM did not get ready:\n" + "\n".join(logs)
        time.sleep(0.1)


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout
