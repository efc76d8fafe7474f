import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openReceiver } from '../../src/console/socket.ts';
import { readAll, writeAll } from '../../src/linux/file.ts';
import { openPipe } from '../../src/linux/pipe.ts';
import { temp } from '../helpers/sandbox.ts';
import { FdSocket } from '../helpers/terminal.ts';

t.test('a descriptor and its name arrive', async (t) => {
  using socket = new FdSocket();
  const receiver = openReceiver('--option', socket.path);
  t.ok(socket.isCalled, 'the connection is there at once');
  const pipe = openPipe();
  receiver.send(pipe.write, 'a name');
  pipe.write.close();
  receiver[Symbol.dispose]();
  const { fd, text } = socket.receive();
  t.equal(text, ' name');
  writeAll(fd, 'through');
  fd.close();
  t.equal(readAll(pipe.read), 'through');
});

t.test('what is no such socket', async (t) => {
  const missing = join(temp, 'missing');
  t.throws(() => openReceiver('--option', missing), {
    message: `--option: connect to ${missing}: openat: no such file or directory`,
    field: '--option',
    errno: 'ENOENT',
  });
  const file = join(temp, 'file');
  writeFileSync(file, '');
  t.throws(() => openReceiver('--option', file), { message: /connection refused/, errno: 'ECONNREFUSED' });
});

t.test('a peer that has gone', async (t) => {
  const socket = new FdSocket();
  const receiver = openReceiver('--option', socket.path);
  socket[Symbol.dispose]();
  const pipe = openPipe();
  t.throws(() => receiver.send(pipe.write, 'name'), {
    field: '--option',
    message: /has closed the connection/,
  });
});
