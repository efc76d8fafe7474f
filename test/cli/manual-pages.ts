import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from '../../src/cli/parse.ts';
import { commands, globalOptions } from '../../src/cli/table.ts';
import { manualPages, roff } from '../scripts/man.ts';

const pages = manualPages();

t.test('each command has a page, with its options', async (t) => {
  t.same(Object.keys(pages).sort(), ['trunc.8', ...commands.map(({ name }) => `trunc-${name}.8`)].sort());
  for (const { name, options } of commands) {
    const page = pages[`trunc-${name}.8`] as string;
    for (const option of options) {
      const shown = page.includes(`\\-\\-${option.name.replaceAll('-', '\\-')}\\fP`);
      t.equal(shown, !('hidden' in option), `${name} --${option.name}`);
    }
  }
  for (const { name } of globalOptions)
    t.match(pages['trunc.8'], `\\-\\-${name.replaceAll('-', '\\-')}\\fP`, name);
});

t.test('each command has examples, which are understood', async (t) => {
  for (const { name, examples = [] } of commands) {
    t.ok(examples.length > 0, name);
    for (const [line] of examples) {
      const words = line
        .replace(/^(?:\w+=\S+ )*trunc /, '')
        .replace(/ >\S+$/, '')
        .split(' ');
      t.match(parse(words), { command: { name }, problem: undefined }, line);
    }
  }
});

t.test('variables of the environment that are read are described', async (t) => {
  const settings = readFileSync(join(import.meta.dirname, '../../src/cli/settings.ts'), 'utf8');
  const names = [
    ...settings.matchAll(/environment\.([A-Z_]+)|\b(TRUNC_[A-Z_]+|LISTEN_[A-Z]+|DBUS_[A-Z_]+)\b/g),
  ];
  t.ok(names.length > 6);
  for (const [, property, name] of names) t.match(pages['trunc.8'], property ?? name);
});

t.test('text that roff would take for more', async (t) => {
  t.equal(roff('.dot'), '\\&.dot');
  t.equal(roff("'tis"), "\\&'tis");
  t.equal(
    roff('a back\\slash, --an-option and a well-known word'),
    'a back\\eslash, \\-\\-an\\-option and a well-known word',
  );
  t.match(roff('word '.repeat(40)), /^(?:(?:word ?)+\n)+(?:word ?)+$/);
});

const hasMan = existsSync('/usr/bin/man');

t.test('man has no complaints', { skip: !hasMan && 'man is not installed' }, async (t) => {
  const directory = t.testdir({});
  for (const [name, text] of Object.entries(pages)) {
    const file = join(directory, name);
    writeFileSync(file, text);
    const { status, stderr, stdout } = spawnSync('man', ['--warnings', '-l', file], {
      encoding: 'utf8',
      // Not in the language of the user, which this machine may lack.
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', MANWIDTH: '80' },
    });
    t.same({ status, stderr }, { status: 0, stderr: '' }, name);
    t.match(stdout, /EXAMPLES/);
  }
});
