from debian:12
run apt-get update && apt-get install -y systemd systemd-sysv openssh-server && rm -rf /var/lib/apt/lists/*
volume ["/sys/fs/cgroup"]
stopsignal SIGRTMIN+3
cmd ["/lib/systemd/systemd"]
