import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle, withoutNamespace } from '../helpers/bundle.ts';
import { newImage } from '../helpers/checkpoint.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  background,
  create,
  nothingLeft,
  refused,
  run,
  running,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { newId, until } from '../helpers/sandbox.ts';

// What is refused before criu is asked. test/vm/checkpoint.ts has what it does: it fails on many kernels.
suite('root');

/** criu is the last thing to be missed. */
const nowhere = { env: { PATH: '/nowhere' }, wrapper: ['/usr/bin/env'] };
const missing = /^trunc: no criu in the PATH "\/nowhere" \(install the package criu, 3\.16 or newer\)\n$/;

// runc has words of its own.
t.test('checkpoint: no criu', only('trunc'), async (t) => {
  const { id, pid } = running(t);
  const image = newImage();
  refused(t, run(['checkpoint', '--image-path', image, id], nowhere), missing);
  t.notOk(existsSync(image), 'no directory is made');
  t.match(state(id), { status: 'running', pid }, 'the container goes on');
});

// runc has no --seccomp-log.
t.test('checkpoint: while --seccomp-log answers for a filter', only('trunc'), async (t) => {
  const change: Change = (config) => {
    config.process.args = ['/bin/sleep', '1000'];
    const syscalls = [{ names: ['chmod'], action: 'SCMP_ACT_KILL_PROCESS' as const }];
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls };
  };
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  const asks = (of: string) => run(['checkpoint', '--image-path', newImage(), of], nowhere);
  const first = background(['run', '--seccomp-log', id], { bundle: makeBundle(change) });
  waitFor(id, 'running');
  const listened =
    /^trunc: linux\.seccomp: --seccomp-log has a listener outside, and criu cannot restore that\n$/;
  refused(t, asks(id), listened, 'of its program');
  succeed(['kill', id, 'KILL']);
  await first.done;

  const other = running(t, change).id;
  const second = background(['exec', '--seccomp-log', other, 'sh', '-c', 'echo; exec sleep 1000']);
  until('exec', () => second.output.stdout !== '');
  refused(t, asks(other), listened, 'of another program in it');
  second.child.kill('SIGTERM');
  await second.done;
  refused(t, asks(other), missing, 'no longer');
});

// runc has words of its own.
t.test('restore: no criu', only('trunc'), async (t) => {
  const image = newImage();
  mkdirSync(image);
  writeFileSync(join(image, 'descriptors.json'), '[]');
  const id = newId();
  const result = run(['restore', '-d', '--image-path', image, id], { ...nowhere, bundle: makeBundle() });
  refused(t, result, missing);
  t.equal(state(id), undefined);
});

t.test('states', async (t) => {
  const { id } = create(t);
  const asks = (of: string) => run(['checkpoint', '--image-path', newImage(), of]);
  refused(t, asks(id), /cannot be checkpointed in created state/);
  t.match(state(id), { status: 'created' });
  refused(t, asks(newId()), /does not exist/);
});

// runc looks at the image first.
t.test('what criu cannot restore', only('trunc'), async (t) => {
  const refusals: [Change, RegExp][] = [
    [
      (config) => {
        const uidMappings = [{ containerID: 0, hostID: 1000, size: 10 }];
        const mapped = { uidMappings, gidMappings: uidMappings, options: ['bind'] };
        config.mounts.push({ destination: '/mnt', type: 'bind', source: '/tmp', ...mapped });
      },
      /^trunc: mounts\[4\]: owners are mapped \(idmap\), and criu cannot restore that\n$/,
    ],
    [
      (config) => {
        withoutNamespace(config, 'mount');
        config.mounts = [];
      },
      /linux\.namespaces: the container has no mount namespace of its own, and criu/,
    ],
  ];
  const image = newImage();
  mkdirSync(image);
  for (const [change, text] of refusals) {
    const bundle = makeBundle(change);
    refused(t, run(['restore', '-d', '--image-path', image, newId()], { bundle }), text);
  }
});

t.test('no image', async (t) => {
  const bundle = makeBundle();
  const id = newId();
  const image = newImage();
  const asks = () => run(['restore', '-d', '--image-path', image, id], { bundle });
  t.equal(asks().status, 1);
  t.equal(state(id), undefined);
});

// runc tries it.
t.test('only the root of the host', only('trunc', 'unshare'), async (t) => {
  const { id } = running(t);
  const options = { wrapper: ['unshare', '--user', '--map-root-user'] };
  const needsRoot = /^trunc: \w+ needs the root of the host\n$/;
  refused(t, run(['checkpoint', '--image-path', newImage(), id], options), needsRoot);
  refused(t, run(['restore', '-d', newId()], { ...options, bundle: makeBundle() }), needsRoot);
});

// runc does not look at them.
t.test('flags that make no sense', only('trunc'), async (t) => {
  const asks = (...flags: string[]) => run(['checkpoint', '--image-path', newImage(), ...flags, newId()]);
  refused(t, asks('--status-fd', '1'), /--status-fd: without --lazy-pages/);
  refused(t, asks('--lazy-pages', '--status-fd', '99'), /--status-fd: 99 is no descriptor/);
  refused(t, asks('--page-server', 'here'), /--page-server: must be ADDRESS:PORT, found "here"/);
  refused(t, asks('--parent-path', '/tmp'), /--parent-path: must be relative/);
  refused(t, asks('--parent-path', '../missing'), /--parent-path: there is no \//);
  t.equal(asks('--manage-cgroups-mode', 'hard').status, 1);
  t.equal(asks('--empty-ns', 'mount').status, 1);
});

t.test('nothing left', nothingLeft);
