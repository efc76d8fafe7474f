import t from 'tap';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { background, nothingLeft, type Result, run, runtime, state, succeed } from '../helpers/runtime.ts';
import { newId, until } from '../helpers/sandbox.ts';

suite('root');

const COUNT = 50;
const sleeper: Change = (config) => {
  config.process.args = ['/bin/sleep', '1000'];
};
const all = (commands: string[][], bundle?: string): Promise<Result[]> =>
  Promise.all(
    commands.map((args) => background(args, { timeout: 60_000, ...(bundle ? { bundle } : {}) }).done),
  );
const failed = (results: Result[]) =>
  results.filter(({ status }) => status !== 0).map(({ stderr }) => stderr);
const statuses = (results: Result[]) => results.map(({ status }) => status).sort();

t.test(`${COUNT} containers at the same time`, async (t) => {
  const containers = Array.from({ length: COUNT }, () => ({ id: newId(), bundle: makeBundle(sleeper) }));
  const each = (...words: string[]) =>
    all(containers.map(({ id }) => words.map((word) => (word === 'ID' ? id : word))));
  t.teardown(() => each('delete', '--force', 'ID'));

  const created = containers.map(
    ({ id, bundle }) => background(['create', id], { bundle, timeout: 60_000 }).done,
  );
  t.same(failed(await Promise.all(created)), [], 'created');
  const listed = () =>
    JSON.parse(succeed(['list', '--format', 'json']).stdout) as { status: string; pid: number }[];
  const pids = listed().map(({ pid }) => pid);
  t.equal(new Set(pids).size, COUNT, 'each has a process of its own');

  t.same(failed(await each('start', 'ID')), [], 'started');
  t.equal(listed().filter(({ status }) => status === 'running').length, COUNT);
  t.same(failed(await each('kill', 'ID', 'KILL')), [], 'killed');
  until('their end', () => listed().every(({ status }) => status === 'stopped'));
  t.same(failed(await each('delete', 'ID')), [], 'deleted');
  t.equal(succeed(['list', '--quiet']).stdout, '');
});

t.test('two creates of one ID', async (t) => {
  const bundle = makeBundle(sleeper);
  const id = newId();
  t.teardown(() => void run(['delete', '--force', id]));
  t.same(
    statuses(
      await all(
        [
          ['create', id],
          ['create', id],
          ['create', id],
        ],
        bundle,
      ),
    ),
    [0, 1, 1],
  );
  t.equal(state(id)?.status, 'created', 'the one that won is whole');
  succeed(['start', id]);
});

// runc 1.1.5 and crun take no lock: the second one may see half of what the first one removes.
t.test('deletes of one ID', only('trunc'), async (t) => {
  const bundle = makeBundle(sleeper);
  const id = newId();
  succeed(['create', id], { bundle });
  t.same(statuses(await all(Array(4).fill(['delete', '--force', id]))), [0, 0, 0, 0], 'by force');
  succeed(['create', id], { bundle });
  t.same(
    statuses(await all(Array(4).fill(['delete', id]))),
    [0, 1, 1, 1],
    'without: one does it, the others find nothing',
  );
});

// Such a delete --force of crun 1.8 may fail.
t.test('create and delete --force of one ID', only(['trunc', 'runc']), async (t) => {
  const bundle = makeBundle(sleeper);
  for (let round = 0; round < 5; round += 1) {
    const id = newId();
    const create = background(['create', id], { bundle }).done;
    const [created, ...deleted] = [await create, ...(await all(Array(3).fill(['delete', '--force', id])))];
    t.equal(created?.status, 0);
    t.same(failed(deleted), []);
    t.equal(state(id), undefined);
  }
  for (let round = 0; round < 5; round += 1) {
    const id = newId();
    const results = await Promise.all([
      background(['create', id], { bundle }).done,
      ...Array.from({ length: 3 }, () => background(['delete', '--force', id]).done),
    ]);
    t.same(failed(results.slice(1)), [], 'delete --force never fails');
    succeed(['delete', '--force', id]);
  }
});

t.test('state during create and delete is a whole document or none', async (t) => {
  const id = newId();
  const bundle = makeBundle(sleeper);
  const seen = new Set<string>();
  const looking = async (until: Promise<unknown>) => {
    let over = false;
    void until.finally(() => {
      over = true;
    });
    while (!over) {
      const { status, stdout, stderr } = await background(['state', id]).done;
      if (status === 0) seen.add(JSON.parse(stdout).status);
      else t.match(stderr, /does not exist|no such file|not found/i, stderr);
    }
  };
  await looking(background(['create', id], { bundle }).done);
  await looking(background(['delete', '--force', id]).done);
  const words =
    runtime.kind === 'trunc'
      ? ['creating', 'created', 'stopped']
      : ['creating', 'created', 'stopped', 'running'];
  t.same(
    [...seen].filter((status) => !words.includes(status)),
    [],
  );
});

t.test('nothing is left', nothingLeft);
