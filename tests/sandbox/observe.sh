#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a build can see that differs between hosts, users, directories and times: one
# "name value" a line. Run inside the sandbox; same.sh compares two of them.
show() {
	value=$(eval "$2" 2>&1)
	printf '%s ' "$1"
	printf '%s' "$value" | tr '\n' '|'
	echo
}
show path 'pwd -P'
show home 'echo $HOME'
show search-path 'echo $PATH'
show user 'echo $USER'
show environment 'env | sort'
show time-zone 'date +%Z%z'
show locale 'locale | sort'
show uid 'id -u'
show gid 'id -g'
show groups 'id -Gn'
show host 'uname -n'
show domain 'cat /proc/sys/kernel/domainname'
show umask umask
show limits 'ulimit -a'
show processors nproc
show cpuinfo 'cat /proc/cpuinfo'
show cpu-model 'grep -m1 model /proc/cpuinfo'
show cpu-flags 'grep -m1 flags /proc/cpuinfo'
show directory-order 'ls -U . sub'
show inode 'stat -c %i a b c sub'
show device 'stat -c %D a | wc -c'
show directory-size 'stat -c %s . sub'
show mtime 'stat -c %Y a b c sub'
show atime 'stat -c %X a b c sub'
show stack-address 'grep -F "[stack]" /proc/self/maps | cut -d" " -f1'
show pid 'sh -c "echo \$\$ "'
show parent 'echo $PPID'
show uptime 'cat /proc/uptime'
show load 'cat /proc/loadavg'
show memory 'cat /proc/meminfo'
show kernel-build 'cat /proc/version'
show boot-id 'cat /proc/sys/kernel/random/boot_id'
show machine-id 'cat /etc/machine-id'
show kernel-command-line 'cat /proc/cmdline'
show kernel-release 'uname -r'
show mounts 'wc -l </proc/self/mountinfo'
show nice nice
show owner 'stat -c %U:%G . a sub/x'
show clock 'date +%s%N'
show uuid 'cat /proc/sys/kernel/random/uuid'
show random 'head -c 8 /dev/urandom | od -An -tx1'
