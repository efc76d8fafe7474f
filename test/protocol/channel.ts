import t from 'tap';
import { RuntimeError } from '../../src/errors.ts';
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
  init.send({ type: 'join' });
  init.send({ type: 'ready' });
  t.same(host.receive('join'), { type: 'join' });
  t.same(host.receive('ready'), { type: 'ready' });
});

t.test('a message out of turn is an error', async (t) => {
  const { host, init } = channels();
  init.send({ type: 'ready' });
  t.throws(() => host.receive('join'), {
    code: 'PROTOCOL',
    message: 'init sent "ready" where "join" was due',
  });
  init.send({ type: 'join' });
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
  t.throws(() => host.send({ type: 'go' }), { code: 'SYSCALL', errno: 'EPIPE' });
});
