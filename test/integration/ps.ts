import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, refused, run, running, runtime, succeed, waitFor } from '../helpers/runtime.ts';
import { temp, until } from '../helpers/sandbox.ts';

suite('root');

t.test('the processes of a container', only(['trunc', 'runc']), async (t) => {
  const { id, pid } = running(t, ({ process }) => {
    process.args = ['/bin/sh', '-c', 'sleep 1000 & sleep 1001 & wait'];
  });
  const pids = until('three processes', () => {
    const found = JSON.parse(succeed(['ps', '--format', 'json', id]).stdout) as number[];
    return found.length === 3 ? found : undefined;
  });
  t.ok(pids.includes(pid), 'as the host numbers them');
  t.same(
    pids,
    [...pids].sort((a, b) => a - b),
    'in order',
  );

  const [heading = '', ...lines] = succeed(['ps', id]).stdout.trimEnd().split('\n');
  t.match(heading, /^UID +PID +PPID/);
  t.equal(lines.length, 3);
  t.match(lines.join('\n'), /sleep 1001/);
});

t.test('options are for ps', only(['trunc', 'runc']), async (t) => {
  const { id, pid } = running(t);
  const expected = new RegExp(`^ +PID COMMAND\n *${pid} (busybox|sleep)\n$`);
  t.match(succeed(['ps', id, '-o', 'pid,comm']).stdout, expected, 'in several arguments');
  // runc hands it on as it is, and ps takes no blank there.
  if (runtime.kind === 'trunc') t.match(succeed(['ps', id, '-o pid,comm']).stdout, expected, 'in one');
  const none = ['ps', id, '-o', 'pid', '-p', '2147483647'];
  // ps ends with 1 then, and runc with an error.
  if (runtime.kind === 'trunc') t.match(succeed(none).stdout, /^ *PID\n$/, 'options that choose nothing');
  refused(t, run(['ps', id, '-o', 'comm']), /PID field/, 'no pids');
  refused(t, run(['ps', id, '--nonsense']), /nonsense|unknown/, 'no such option');
});

t.test('before the start and after the end', only(['trunc', 'runc']), async (t) => {
  const { id, pid } = create(t);
  t.same(JSON.parse(succeed(['ps', '-f', 'json', id]).stdout), [pid]);
  succeed(['start', id]);
  waitFor(id, 'stopped');
  t.equal(succeed(['ps', '-f', 'json', id]).stdout.trim(), 'null');
  t.match(succeed(['ps', id]).stdout, /^UID[^\n]*\n$/, 'the heading');
  refused(t, run(['ps', 'no-such-container']), /does not exist/, 'unknown');
});

// runc takes a part of a long line for a pid.
t.test('however much ps prints', only('trunc'), async (t) => {
  const { id, pid } = running(t);
  const directory = join(temp, 'long-ps');
  mkdirSync(directory);
  const script = `#!/bin/sh\necho PID CMD; head -c 2000000 /dev/zero | tr '\\0' x; echo; echo ${pid} own\n`;
  writeFileSync(join(directory, 'ps'), script, { mode: 0o755 });
  const { stdout } = succeed(['ps', id], { env: { PATH: `${directory}:${process.env.PATH}` } });
  t.equal(stdout, `PID CMD\n${pid} own\n`);
});

t.test('nothing is left', nothingLeft);
