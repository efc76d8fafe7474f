import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle, readConfig, writeConfig } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  create,
  nothingLeft,
  refused,
  run,
  running,
  runtime,
  state,
  succeed,
  waitFor,
} from '../helpers/runtime.ts';
import { cgroups, newId, processes, root, temp, until } from '../helpers/sandbox.ts';

suite('root');

t.test('created, running, stopped, gone', async (t) => {
  const { id, bundle } = create(t, (config) => {
    config.process.args = ['/bin/sh', '-c', 'echo hello > /out; exec sleep 1000'];
  });
  t.equal(state(id)?.status, 'created');
  t.notOk(existsSync(join(bundle, 'rootfs/out')), 'the program does not run before start');

  t.same(succeed(['start', id]).stdout, '', 'start says nothing');
  t.equal(state(id)?.status, 'running');
  until('the program to run', () => existsSync(join(bundle, 'rootfs/out')));

  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');

  succeed(['delete', id]);
  t.notOk(existsSync(join(root, id)));
  t.same(cgroups(), []);
  t.same(processes(), []);
});

t.test('a program that ends by itself is stopped', async (t) => {
  const { id } = create(t);
  succeed(['start', id]);
  waitFor(id, 'stopped');
  succeed(['delete', id]);
});

t.test('start', async (t) => {
  const { id } = running(t);
  refused(t, run(['start', id]), /cannot start an already running container/, 'twice');
  t.equal(state(id)?.status, 'running', 'and the container goes on');
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
  refused(t, run(['start', id]), /cannot start a container that has stopped/, 'when stopped');
});

t.test('delete', async (t) => {
  const { id, pid } = running(t);
  refused(t, run(['delete', id]), /cannot delete container .* that is not stopped: running/, 'when running');
  t.ok(existsSync(`/proc/${pid}`), 'and the container goes on');
  succeed(['delete', '--force', id]);
  t.equal(state(id), undefined, 'with --force it is gone');

  const waiting = create(t);
  succeed(['delete', waiting.id]);
  t.same(processes(), [], 'a created container is killed and deleted without --force, as by runc and crun');
});

t.test('an unknown ID', async (t) => {
  for (const verb of ['start', 'state', 'kill', 'delete'])
    refused(t, run([verb, 'unknown']), /container does not exist/, verb);
  t.equal(run(['delete', '--force', 'unknown']).status, 0, 'delete --force is content');
});

t.test('the same ID twice', async (t) => {
  const { id, pid, bundle } = running(t);
  refused(t, run(['create', id], { bundle }), /container with (given )?id (already )?exists/i, 'create');
  refused(t, run(['run', id], { bundle }), /container with (given )?id (already )?exists/i, 'run');
  t.equal(state(id)?.pid, pid, 'the first one is untouched');
  succeed(['delete', '--force', id]);
  create(t, undefined, [], { bundle });
});

t.test('IDs', async (t) => {
  const bundle = makeBundle();
  const bad = ['a/b', '../a', 'a b', 'a:b', 'ä', '.', '..', ''];
  // crun takes any ID without a slash.
  for (const id of runtime.kind === 'crun' ? bad.slice(0, 2) : bad)
    refused(t, run(['create', id], { bundle }), /id/i, JSON.stringify(id));
  t.notOk(existsSync(join(root, '../a')));
  const odd = `${newId()}_A+b.c-`;
  succeed(['create', odd], { bundle });
  t.equal(state(odd)?.id, odd);
  succeed(['delete', '--force', odd]);
});

// runc wants one.
t.test('without an ID, create and run make one', only('trunc'), async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/echo', 'hello'];
  });
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
  const id = succeed(['create'], { bundle }).stdout.trimEnd();
  t.match(id, uuid);
  t.equal(state(id)?.status, 'created');
  succeed(['delete', '--force', id]);
  const [printed, ...output] = succeed(['run'], { bundle }).stdout.trimEnd().split('\n');
  t.match(printed, uuid);
  t.same(output, ['hello']);
});

t.test('the config is read once', async (t) => {
  const { id, bundle, output } = create(t, (config) => {
    config.process.args = ['/bin/echo', 'first'];
  });
  const config = readConfig(bundle);
  config.process.args = ['/bin/echo', 'second'];
  writeConfig(bundle, config);
  succeed(['start', id]);
  waitFor(id, 'stopped');
  t.equal(output.stdout, 'first\n');
});

t.test('after create nobody needs config.json', async (t) => {
  const log = join(temp, newId());
  const { id, bundle, output } = create(t, (config) => {
    config.process.args = ['/bin/sh', '-c', 'cat /made; echo ran'];
    const hook = (script: string) => [{ path: '/bin/sh', args: ['sh', '-c', script] }];
    config.hooks = { startContainer: hook('echo made > /made'), poststop: hook(`echo stopped > ${log}`) };
  });
  rmSync(join(bundle, 'config.json'));
  succeed(['start', id]);
  waitFor(id, 'stopped');
  t.equal(output.stdout, 'made\nran\n');
  succeed(['delete', id]);
  t.equal(readFileSync(log, 'utf8'), 'stopped\n');
});

t.test('nothing is left', nothingLeft);
