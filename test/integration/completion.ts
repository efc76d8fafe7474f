// The completion script in the shell that it is for, on a terminal.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, run, runtime } from '../helpers/runtime.ts';
import { root, temp } from '../helpers/sandbox.ts';
import { openScreen, type Screen } from '../helpers/terminal.ts';

suite('root');

/** A shell in which `trunc` is the runtime under test, and its script is loaded. */
function shell(t: Test, program: string, args: string[], prepare: string): Screen {
  const { screen, slave } = openScreen({ height: 50, width: 200 });
  const env = {
    PATH: `${dirname(runtime.argv.at(-1) as string)}:${process.env.PATH}`,
    HOME: temp,
    SHELL: program,
    PS1: 'READY> ',
    TERM: 'dumb',
  };
  const child = spawn('setsid', ['-c', program, ...args], {
    stdio: [slave.number, slave.number, slave.number],
    env,
    cwd: temp,
  });
  t.teardown(() => child.kill('SIGKILL'));
  slave.close();
  screen.type(`${prepare}\n`);
  screen.waitFor(/READY> /);
  screen.type('clear; echo LOADED\n');
  screen.waitFor(/LOADED\n[\s\S]*READY> /);
  return screen;
}

function script(name: string): string {
  const path = join(temp, `completion.${name}`);
  writeFileSync(path, run(['completion'], { env: { SHELL: `/bin/${name}` } }).stdout);
  return path;
}

async function tries(t: Test, screen: Screen): Promise<void> {
  const { id } = create(t);
  screen.type('trunc feat\t');
  screen.waitFor(/trunc features /);
  screen.type('\x15trunc create --bun\t');
  screen.waitFor(/create --bundle /);
  screen.type('\x15trunc --log-format j\t');
  screen.waitFor(/--log-format json /);
  screen.type(`\x15trunc --root ${root} state ${id.slice(0, -2)}\t`);
  screen.waitFor(new RegExp(`state ${id} `));
  screen.type('\x15trunc pa\t');
  screen.waitFor(/trunc pause /);
  screen.type('\x15exit\n');
  t.pass('all of it');
}

// runc's script completes in another way.
t.test('bash', only('trunc', 'bash'), async (t) => {
  await tries(t, shell(t, 'bash', ['--norc', '--noprofile', '-i'], `. ${script('bash')}`));
});

t.test(
  'zsh',
  { skip: runtime.kind !== 'trunc' ? 'only trunc' : !existsSync('/usr/bin/zsh') && 'zsh is not installed' },
  async (t) => {
    const prepare = `autoload -Uz compinit; compinit -u -D; . ${script('zsh')}; PS1="READY> "`;
    await tries(t, shell(t, 'zsh', ['-f', '-i'], prepare));
  },
);

t.test('nothing is left', nothingLeft);
