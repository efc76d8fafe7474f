import t from 'tap';
import { RuntimeError } from '../../src/errors.ts';
import { readAll, writeAll } from '../../src/linux/file.ts';
import { openPipe } from '../../src/linux/pipe.ts';
import { socketPair } from '../../src/linux/socket.ts';
import { Channel } from '../../src/protocol/channel.ts';
import type { HostMessage, InitMessage } from '../../src/protocol/messages.ts';

function channels() {
  const [a, b] = socketPair();
  return {
    host: new Channel<HostMessage, InitMessage>(a, 'init'),
    init: new Channel<InitMessage, HostMessage>(b, 'the host'),
  };
}

t.test('messages arrive whole and in order', async (t) => {
  const { host, init } = channels();
  host.send({ type: 'cgroup' });
  host.send({ type: 'go' });
  t.same(init.receive('cgroup'), { type: 'cgroup' });
  t.same(init.receive('go'), { type: 'go' });
});

t.test('a message out of turn is an error', async (t) => {
  const { host, init } = channels();
  host.send({ type: 'go' });
  t.throws(() => init.receive('cgroup'), {
    code: 'PROTOCOL',
    message: 'the host sent "go" where "cgroup" was due',
  });
  init.send({ type: 'ready' });
  t.throws(() => host.receiveEnd(), { code: 'PROTOCOL' });
});

t.test('a failure is thrown on the other side, with all it says', async (t) => {
  const { host, init } = channels();
  const error = new RuntimeError('mounts[0]: no', {
    code: 'MOUNT',
    field: 'mounts[0]',
    errno: 'EPERM',
    hint: 'try',
  });
  init.send({ type: 'failed', error: error.toPlain() });
  t.throws(() => host.receive('ready'), {
    message: 'mounts[0]: no',
    code: 'MOUNT',
    field: 'mounts[0]',
    errno: 'EPERM',
    hint: 'try',
  });
});

t.test('the end of the peer', async (t) => {
  const { host, init } = channels();
  init[Symbol.dispose]();
  t.equal(host.receive('ready'), undefined);
  host.receiveEnd();
  t.equal(host.send({ type: 'go' }), false);
  host.sendFds([]);
});

t.test('descriptors', async (t) => {
  const { host, init } = channels();
  const pipes = [openPipe(), openPipe()];
  host.send({ type: 'cgroup' });
  host.sendFds(pipes.map(({ write }) => write));
  host.send({ type: 'go' });
  t.same(init.receive('cgroup'), { type: 'cgroup' });
  const received = init.receiveFds();
  t.equal(received.length, 2);
  for (const [index, fd] of received.entries()) writeAll(fd, String(index));
  for (const { write } of pipes) write.close();
  for (const fd of received) fd.close();
  t.same(
    pipes.map(({ read }) => readAll(read)),
    ['0', '1'],
    'they are the very files, and nobody else holds them',
  );
  t.same(init.receive('go'), { type: 'go' }, 'what follows is not disturbed');
});

t.test('more descriptors than one message carries', async (t) => {
  const { host, init } = channels();
  const { read, write } = openPipe();
  const many = Array.from({ length: 130 }, () => write);
  host.sendFds(many);
  host.send({ type: 'go' });
  const fds = init.receiveFds(130);
  t.equal(fds.length, 130);
  t.same(init.receive('go'), { type: 'go' }, 'what follows is where it belongs');
  writeAll(fds[129] as NonNullable<(typeof fds)[number]>, 'last');
  for (const fd of [...fds, write]) fd.close();
  t.equal(readAll(read), 'last');
  host.sendFds([read]);
  host[Symbol.dispose]();
  t.equal(init.receiveFds(2).length, 1, 'fewer when the peer ends');
});
