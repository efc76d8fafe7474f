import t from 'tap';
import { openPipe } from '../../src/linux/pipe.ts';
import { POLLHUP, POLLIN, POLLOUT, poll, pollEvents } from '../../src/linux/poll.ts';
import { pollAsync } from '../../src/linux/poll-async.ts';
import { syscall } from '../../src/linux/syscall.ts';

t.test('what has happened to each', async (t) => {
  const [empty, full, ended] = [openPipe(), openPipe(), openPipe()];
  syscall('write', full.write.number, 'x', 1);
  ended.write.close();
  const entries = [
    { fd: empty.read.number, events: POLLIN },
    { fd: full.read.number, events: POLLIN | POLLOUT },
    { fd: ended.read.number, events: POLLIN },
    { fd: empty.write.number, events: POLLOUT },
    { fd: -1, events: POLLIN },
  ];
  const expected = [0, POLLIN, POLLHUP, POLLOUT, 0];
  t.same(pollEvents(entries), expected);
  t.same(await pollAsync(entries), expected, 'while the event loop goes on');
  t.same(poll([empty.read.number, full.read.number]), [false, true]);
});

t.test('time runs out', async (t) => {
  const entries = [{ fd: openPipe().read.number, events: POLLIN }];
  const start = performance.now();
  t.same(pollEvents(entries, 50), [0]);
  t.same(await pollAsync(entries, 50), [0]);
  t.ok(performance.now() - start >= 90);
});

t.test('the event loop goes on', async (t) => {
  const { read, write } = openPipe();
  setTimeout(() => syscall('write', write.number, 'x', 1), 20);
  t.same(await pollAsync([{ fd: read.number, events: POLLIN }], 10_000), [POLLIN]);
});
