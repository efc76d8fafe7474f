import t from 'tap';
import { withoutNamespace } from '../helpers/bundle.ts';
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
import { processes, until } from '../helpers/sandbox.ts';

suite('root');

const REPORT =
  'for s in HUP INT USR1 TERM WINCH; do trap "echo $s" $s; done; trap "exit 0" USR2; echo ready; while :; do sleep 0.02; done';

t.test('signals by name and number', async (t) => {
  const { id, output } = create(t, (config) => {
    config.process.args = ['/bin/sh', '-c', REPORT];
  });
  succeed(['start', id]);
  const said = () => output.stdout.trimEnd().split('\n').pop();
  until('the traps', () => said() === 'ready');
  const cases: [string[], string][] = [
    [[], 'TERM'],
    [['HUP'], 'HUP'],
    [['SIGINT'], 'INT'],
    [['10'], 'USR1'],
    [['winch'], 'WINCH'],
    [['SigHup'], 'HUP'],
    [['15'], 'TERM'],
  ];
  for (const [args, expected] of cases) {
    // crun takes names in upper case only.
    if (runtime.kind === 'crun' && /[a-z]/.test(args[0] ?? '')) continue;
    succeed(['kill', id, ...args]);
    t.doesNotThrow(() => until(expected, () => said() === expected), `${args.join()} is ${expected}`);
  }
  for (const bad of ['NOPE', 'SIG', '0x9', '9x', '-1', '65', '1.5']) {
    if (runtime.kind === 'crun') break; // takes any word for 0, and 9x for 9
    t.equal(run(['kill', id, bad]).status, 1, `${JSON.stringify(bad)} is refused`);
  }
  t.equal(state(id)?.status, 'running', 'and does nothing');
  succeed(['kill', id, 'USR2']);
  waitFor(id, 'stopped');
});

t.test('a created container', async (t) => {
  const { id } = create(t);
  succeed(['kill', id, 'KILL']);
  waitFor(id, 'stopped');
});

t.test('a stopped container', async (t) => {
  const { id } = create(t);
  succeed(['start', id]);
  waitFor(id, 'stopped');
  refused(t, run(['kill', id, 'TERM']), /container not running/);
});

t.test('--all', only(['trunc', 'runc']), async (t) => {
  const { id } = create(t);
  succeed(['start', id]);
  waitFor(id, 'stopped');
  t.equal(run(['kill', '--all', id, 'KILL']).status, 0, 'is content with a stopped container');
  t.equal(run(['kill', '-a', id, '9']).status, 0);
});

t.test(
  'KILL reaches every process where there is no pid namespace',
  only(['trunc', 'newer runc']),
  async (t) => {
    const { id, output } = running(t, (config) => {
      withoutNamespace(config, 'pid');
      config.process.args = ['/bin/sh', '-c', 'sleep 1000 & sleep 1000 & echo up; wait'];
    });
    until('the children', () => output.stdout === 'up\n');
    succeed(['kill', id, 'KILL']);
    t.doesNotThrow(() => until('their end', () => processes().length === 0));
  },
);

t.test('nothing is left', nothingLeft);
