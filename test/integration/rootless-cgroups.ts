import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Change } from '../helpers/bundle.ts';
import {
  attemptAsUser,
  delegated,
  hierarchies,
  prepareRoot,
  user,
  userContainer,
} from '../helpers/ordinary-user.ts';
import { suite } from '../helpers/requires.ts';
import { nothingLeft, refused, runtime } from '../helpers/runtime.ts';
import { newId, tag, until } from '../helpers/sandbox.ts';

suite('root');
prepareRoot();

const pidsLimit: Change = ({ linux }) => {
  linux.resources = { pids: { limit: 20 } };
};

t.test('without permission there is no cgroup', async (t) => {
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  const { id, pid } = userContainer(t);
  t.equal(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), own, 'it stays where its caller is');
  // runc 1.1.5 has half-empty statistics.
  if (runtime.kind === 'trunc') t.equal(user(['events', '--stats', id]).status, 1);
  for (const args of [['pause'], ['ps'], ['update', '--pids-limit', '10']])
    t.equal(user([...args, id]).status, 1, args.join(' '));
  if (runtime.kind === 'trunc') {
    refused(t, user(['pause', id]), /the container has no cgroup.*\(.*systemd-run --user --scope/, 'pause');
    refused(
      t,
      user(['update', '--pids-limit', '9', id]),
      /^trunc.*linux\.resources\.pids: .*no cgroup/,
      'update',
    );
    t.match(user(['exec', '--cgroup', 'x', id, 'true']).stderr, /--cgroup: the container has none/);
  }
  t.equal(user(['start', id]).status, 0);
  t.equal(user(['exec', id, 'true']).status, 0);
});

t.test('what is asked for is not forgiven', async (t) => {
  const status = (change: Change, globals: string[] = []) =>
    attemptAsUser(change, ['/bin/true'], { globals }).status;
  const path: Change = ({ linux }) => {
    linux.cgroupsPath = `/${tag}/${newId()}`;
  };
  t.equal(
    status(() => {}),
    0,
  );
  t.equal(
    status(() => {}, ['--rootless=true']),
    0,
  );
  t.equal(
    status(() => {}, ['--rootless=false']),
    1,
  );
  t.equal(status(pidsLimit), 1, 'a limit');
  t.equal(status(path), 1, 'a path');
  const devices: Change = ({ linux }) => {
    linux.resources = { devices: [{ allow: false, access: 'rwm' }], memory: {} };
  };
  t.equal(status(devices), 0, 'rules for devices, of which an ordinary user can make none');
  if (runtime.kind !== 'trunc') return;
  const reason = /linux\.resources\.pids: .*not allowed to make one.* \(.*Delegate=yes/;
  refused(t, attemptAsUser(pidsLimit, ['/bin/true']), reason, 'a limit');
  refused(
    t,
    attemptAsUser(path, ['/bin/true']),
    /linux\.cgroupsPath: mkdir .*permission denied \(/,
    'a path',
  );
});

t.test('--rootless true does not keep root from having one', async (t) => {
  const { pid } = userContainer(t, () => {}, { wrapper: [], globals: ['--rootless=true'] });
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), tag);
});

t.test('in a cgroup that was handed over', async (t) => {
  const { path, options } = delegated(t);
  const change: Change = (config) => {
    pidsLimit(config);
    config.linux.cgroupsPath = `/${path}/container`;
  };
  const { id, pid } = userContainer(t, change, options);
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), `/${path}/container\n`);
  t.equal(user(['start', id], options).status, 0);
  until('the program', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  const fork = ['sh', '-c', 'for i in $(seq 30); do sleep 20 & done; echo forked'];
  t.notMatch(user(['exec', id, ...fork], options).stdout, 'forked', 'the limit holds');
  user(['exec', id, 'sh', '-c', 'kill $(pidof sleep) 2>/dev/null; true'], options);
  t.ok((JSON.parse(user(['ps', '--format', 'json', id], options).stdout) as number[]).includes(pid));
  t.equal(user(['pause', id], options).status, 0);
  t.equal(JSON.parse(user(['state', id], options).stdout).status, 'paused');
  t.equal(user(['resume', id], options).status, 0);
  t.equal(JSON.parse(user(['events', '--stats', id], options).stdout).data.pids.limit, 20);
  t.equal(user(['update', '--pids-limit', '33', id], options).status, 0);
  t.equal(JSON.parse(user(['events', '--stats', id], options).stdout).data.pids.limit, 33);
  t.equal(user(['delete', '--force', id], options).status, 0);
  for (const top of hierarchies) t.notOk(existsSync(join(top, path, 'container')), top);
});

t.test('beside the caller, where that is allowed', async (t) => {
  const { path, options } = delegated(t);
  const { pid } = userContainer(t, pidsLimit, options);
  t.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`:pids:/${path}/|^0::/${path}/`, 'm'));
});

t.test('nothing is left', nothingLeft);
