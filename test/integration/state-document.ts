import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, run, running, state, succeed, waitFor } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';

suite('root');

// crun has other values in rootfs and owner, and indents by four.
t.test('of a running container', only(['trunc', 'runc']), async (t) => {
  const before = Date.now();
  const { id, bundle, pid } = running(t, (config) => {
    config.annotations = { 'org.example.one': '1', two: '' };
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
  });
  const document = state(id);
  t.match(document, {
    ociVersion: /^1\.\d+\.\d+/,
    id,
    status: 'running',
    bundle,
    rootfs: join(bundle, 'rootfs'),
    annotations: { 'org.example.one': '1', two: '' },
    owner: '',
  });
  const { created } = document as { created?: string };
  t.match(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'created is RFC 3339 in UTC');
  const time = Date.parse(created ?? '');
  t.ok(time >= before - 1000 && time <= Date.now(), 'and just now');
  t.equal(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '/bin/sleep\x001000\x00', "pid is the program's");
  t.match(run(['state', id]).stdout, /^\{\n {2}"ociVersion": ".*",\n {2}"id": /, 'two spaces of indentation');
});

t.test('pid is 0 when stopped', async (t) => {
  const { id } = create(t);
  t.not(state(id)?.pid, 0);
  succeed(['start', id]);
  waitFor(id, 'stopped');
  t.equal(state(id)?.pid, 0);
});

t.test('bundle is absolute, however it was given', async (t) => {
  const bundle = makeBundle();
  const given = {
    relative: { bundle: basename(bundle), cwd: dirname(bundle) },
    'the working directory': { cwd: bundle },
    'with dots': { bundle: `${bundle}/../${basename(bundle)}/` },
  };
  for (const [name, options] of Object.entries(given)) {
    const id = newId();
    succeed(['create', id], options);
    t.equal(state(id)?.bundle, bundle, name);
    succeed(['delete', '--force', id]);
  }
});

t.test('nothing is left', nothingLeft);
