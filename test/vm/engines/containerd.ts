// Checkpoints of containerd: its runc shim calls the runtime.
import t, { type Test } from 'tap';
import { COUNTING, type Count, countIn, goesOn } from '../../helpers/checkpoint.ts';
import { IMAGE, startContainerd } from '../../helpers/containerd.ts';
import { call, RUNTIME, remains } from '../../helpers/lab.ts';
import { newId, until } from '../../helpers/sandbox.ts';

const daemon = startContainerd();
const ctr = (...args: string[]): string => call('ctr', args).stdout.trimEnd();
const status = (id: string): string | undefined =>
  new RegExp(`^${id} +\\d+ +(\\w+)`, 'm').exec(ctr('task', 'ls'))?.[1];
const count = (id: string): Count =>
  countIn(ctr('task', 'exec', '--exec-id', newId(), id, 'cat', '/tmp/count'));

function removeAfter(t: Test, id: string): void {
  t.teardown(() => {
    for (const what of [
      ['task', 'rm', '-f'],
      ['container', 'rm'],
    ])
      call('ctr', [...what, id], { status: null });
  });
}

/** A task that counts, and its name. */
function counting(t: Test): string {
  const id = newId();
  removeAfter(t, id);
  ctr('run', '-d', '--runc-binary', RUNTIME, IMAGE, id, 'sh', '-c', COUNTING);
  until('it to count', () => count(id).number > 2);
  return id;
}

t.test('a container goes on in another one', async (t) => {
  const id = counting(t);
  const [image, copy] = [`docker.io/lab/${id.toLowerCase()}:1`, newId()];
  ctr('container', 'checkpoint', '--task', '--rw', '--image', id, image);
  t.equal(status(id), 'RUNNING', 'it is left running');
  const before = count(id);
  ctr('task', 'rm', '-f', id);
  ctr('container', 'rm', id);
  removeAfter(t, copy);
  ctr('container', 'restore', '--live', '--rw', copy, image);
  t.equal(status(copy), 'RUNNING');
  goesOn(t, () => count(copy), { ...before, number: 0 });
});

t.test('a task that ends with its checkpoint', async (t) => {
  const id = counting(t);
  ctr('task', 'checkpoint', '--exit', '--image-path', `/tmp/${id}`, id);
  until('its end', () => status(id) === 'STOPPED');
  t.match(call('ls', [`/tmp/${id}`]).stdout, /^inventory\.img$/m);
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(), []);
});
