#!/bin/sh
# A real Slurm on one machine: all daemons in a folder of their own, on free ports of 127.0.0.1.
# As root, with Debian's packages slurm-wlm, munge, slurmdbd and mariadb-server:
#   sh slurm.sh start FOLDER      then: export SLURM_CONF=FOLDER/slurm.conf; sinfo
#   sh slurm.sh stop FOLDER       ends its jobs and its daemons
# Partitions: debug, and urgent, whose jobs push those of debug back into the queue.
# Accounting needs the data base: without it submitit waits for ever for a job that was killed.
set -eu
action=$1
home=$(realpath "$2")
export SLURM_CONF="$home/slurm.conf"

start() {
    mkdir -p "$home/munge" "$home/data" "$home/state" "$home/spool" "$home/log"
    chmod 700 "$home/munge"
    (umask 077 && dd if=/dev/urandom of="$home/munge/key" bs=128 count=1 2>/dev/null)
    munged --force --socket="$home/munge.socket" --key-file="$home/munge/key" \
        --pid-file="$home/munged.pid" --log-file="$home/log/munged.log" --seed-file="$home/munge/seed" 2>/dev/null
    set -- $(python3 -c '
import socket
taken = [socket.socket() for _ in range(4)]
for one in taken: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in taken))')
    host=$(hostname -s)
    mariadb-install-db --no-defaults --user=root --datadir="$home/data" > "$home/log/install.log" 2>&1
    mariadbd --no-defaults --user=root --datadir="$home/data" --socket="$home/data.socket" \
        --bind-address=127.0.0.1 --port="$3" --skip-grant-tables --innodb-buffer-pool-size=32M \
        --pid-file="$home/mariadbd.pid" --log-error="$home/log/mariadbd.log" > /dev/null 2>&1 &
    patiently mariadb-admin --no-defaults --socket="$home/data.socket" ping
    (umask 077 && cat > "$home/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$home/munge.socket
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=$4
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$3
StorageUser=root
PidFile=$home/slurmdbd.pid
LogFile=$home/log/slurmdbd.log
CONF
    )
    cat > "$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge.socket
MpiDefault=none
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$4
AccountingStoragePass=$home/munge.socket
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=20
ReturnToService=2
SchedulerParameters=sched_min_interval=500000
SlurmctldPort=$1
SlurmdPort=$2
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/log/slurmctld.log
SlurmdLogFile=$home/log/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1200)}' /proc/meminfo) State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10
CONF
    slurmdbd
    patiently sacctmgr --immediate add cluster one
    slurmctld
    slurmd
    patiently sh -c 'sinfo --noheader --format=%T | grep idle'
}

patiently() {
    for _ in $(seq 90); do
        if "$@" > "$home/log/last.log" 2>&1; then return; fi
        sleep 1
    done
    echo "error: no success in 90 seconds: $*; see $home/log" >&2
    stop
    exit 1
}

stop() {
    scancel --user="$(id -un)" 2>/dev/null || true
    for _ in $(seq 40); do
        test -n "$(squeue --noheader 2>/dev/null)" || break
        sleep 1
    done
    for daemon in slurmd slurmctld slurmdbd mariadbd munged; do
        test ! -s "$home/$daemon.pid" || kill "$(cat "$home/$daemon.pid")" 2>/dev/null || true
    done
}

"$action"
