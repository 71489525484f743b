#!/bin/sh
# Switches etcd's authentication on for the user root with $ETCD_ROOT_PASSWORD.
# Does nothing without a password, and nothing where it is on already, so it may run at every start.
# etcd is found through $ETCDCTL_ENDPOINTS.
set -eu

if [ -z "${ETCD_ROOT_PASSWORD:-}" ]; then
	echo "ETCD_ROOT_PASSWORD is empty: etcd's authentication stays off."
	exit 0
fi

# etcdctl tolerates credentials while authentication is still off, and needs them once it is on.
ETCDCTL_API=3
ETCDCTL_USER="root:$ETCD_ROOT_PASSWORD"
export ETCDCTL_API ETCDCTL_USER

if ! etcdctl user get root >/dev/null 2>&1; then
	etcdctl user add "root:$ETCD_ROOT_PASSWORD"
fi
etcdctl auth enable
