// A service of Type=notify is a container: systemd takes its program's word.
import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { sender } from '../helpers/notify.ts';
import { only } from '../helpers/requires.ts';
import { nothingLeft, run, runtime, state } from '../helpers/runtime.ts';
import { newId, root, until } from '../helpers/sandbox.ts';
import { show } from '../helpers/systemd.ts';

interface Service {
  id: string;
  name: string;
  /** What systemd-run ends with: it waits until the service is ready. */
  status: number | null;
  text: string;
}

/** Runs a container of a program that says these things as a service. */
function service(t: Test, messages: string[], ...flags: string[]): Service {
  const id = newId();
  const name = `${id}.service`;
  t.teardown(() => {
    run(['delete', '--force', id]);
    for (const verb of ['stop', 'reset-failed']) spawnSync('systemctl', [verb, name]);
  });
  const line = [...runtime.argv, '--root', root, 'run', ...flags, '--bundle', sender(messages), id];
  const properties = ['Type=notify', 'NotifyAccess=all', 'TimeoutStartSec=60'].flatMap((each) => [
    '-p',
    each,
  ]);
  const { status, stderr } = spawnSync('systemd-run', ['--unit', name, ...properties, ...line], {
    encoding: 'utf8',
  });
  return { id, name, status, text: stderr };
}

t.test('in the background its main process is the program', only(['trunc', 'runc']), async (t) => {
  const { id, name, status, text } = service(t, ['1', 'READY=1', '1000'], '--detach');
  t.equal(status, 0, text);
  const pid = state(id)?.pid as number;
  t.match(show(name, 'ActiveState', 'MainPID'), { ActiveState: 'active', MainPID: String(pid) });
  run(['kill', id, 'KILL']);
  until('the end of the service', () => show(name, 'ActiveState').ActiveState !== 'active');
});

t.test('in the foreground its main process is the runtime', only('trunc'), async (t) => {
  const { id, name, status, text } = service(t, ['STATUS=half', '1', 'READY=1', '0.5', 'STATUS=up', '1000']);
  t.equal(status, 0, text);
  until('its status', () => show(name, 'StatusText').StatusText === 'up');
  const { ActiveState, MainPID } = show(name, 'ActiveState', 'MainPID') as Record<string, string>;
  t.equal(ActiveState, 'active');
  t.not(MainPID, String(state(id)?.pid));
  run(['kill', id, 'KILL']);
  until('the end of the service', () => show(name, 'ActiveState').ActiveState === 'failed');
  t.match(show(name, 'ExecMainStatus'), { ExecMainStatus: '137' });
});

t.test('a program that ends without a word is a failed service', only('trunc'), async (t) => {
  const { name, status } = service(t, ['0.2']);
  t.not(status, 0);
  t.match(show(name, 'Result'), { Result: 'protocol' });
});

t.test('nothing is left', nothingLeft);
