// Plays the tutorial's scenes as its Node application would: one line of input is one action, and each is
// answered by one line. What a watch sees comes in between. Ends with its input.
'use strict';

const readline = require('node:readline');
const { Etcd3 } = require('etcd3');

const client = new Etcd3({
  hosts: process.argv[2],
  dialTimeout: 5000,
  auth: { username: 'root', password: 'root' },
});
const leases = new Map();

async function putUnder(lease, key, value) {
  await lease.put(key).value(value);
  leases.set(key, lease);
  return lease.grant();
}

const actions = {
  put: (key, value) => client.put(key).value(value).then(() => 'ok'),
  get: (key) => client.get(key).string(),
  delete: (key) => client.delete().key(key).then(() => 'ok'),
  // A lease that nobody keeps alive.
  lend: (key, value, ttl) => putUnder(client.lease(Number(ttl), { autoKeepAlive: false }), key, value),
  // A lease that the client keeps alive.
  register: (key, value, ttl) => putUnder(client.lease(Number(ttl)), key, value),
  update: (key, value) => leases.get(key).put(key).value(value).then(() => 'ok'),
  revoke: (key) => leases.get(key).revoke().then(() => 'ok'),
  watch: async (key) => {
    const watcher = await client.watch().key(key).create();
    watcher.on('put', (entry) => console.log(`watch ${key} put ${entry.value}`));
    watcher.on('delete', () => console.log(`watch ${key} delete`));
    return 'ok';
  },
};

async function play() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [action, ...values] = line.split(' ');
    try {
      console.log(`answer ${await actions[action](...values)}`);
    } catch (failure) {
      console.log(`failure ${failure}`);
    }
  }
}

play().then(() => process.exit());
