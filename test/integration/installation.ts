import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { background, nothingLeft, run, runtime } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

// What a program of two files has to cope with: the other one.
suite('root');
const executable = runtime.node ? { skip: 'only the executable' } : only('trunc');

const [TRUNC = ''] = runtime.argv;
const ADDON = join(dirname(TRUNC), 'koffi.node');

/** A directory with the two files. */
function install(): { program: string; addon: string } {
  const directory = join(temp, newId());
  mkdirSync(directory);
  const [program, addon] = [join(directory, 'trunc'), join(directory, 'koffi.node')];
  copyFileSync(TRUNC, program);
  copyFileSync(ADDON, addon);
  return { program, addon };
}

const newBundle = () =>
  makeBundle((config) => {
    config.process.args = ['/bin/echo', 'hello'];
  });

t.test('a koffi.node that cannot be used is one clear line', executable, async (t) => {
  const { program, addon } = install();
  const hint = '\\(install trunc anew, with its koffi\\.node beside it\\)\n$';
  const bundle = newBundle();
  const refused = (reason: string) => {
    const { status, stdout, stderr } = run(['run', newId()], { program: [program], bundle });
    t.match({ status, stdout }, { status: 1, stdout: '' });
    t.match(stderr, new RegExp(`^trunc run failed: [^\n]*/koffi\\.node${reason} ${hint}`));
  };
  writeFileSync(addon, 'no library');
  refused(': file too short');
  const text = readFileSync(ADDON, 'latin1');
  const version = /"koffi": "([\d.]+)"/.exec(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  );
  const other = (version?.[1] ?? '').replaceAll(/\d/g, '9');
  writeFileSync(addon, text.replaceAll(version?.[1] ?? '', other), 'latin1');
  refused(` is version ${other}, and this program needs ${version?.[1]}`);
  rmSync(addon);
  refused(': cannot open shared object file: No such file or directory');
});

t.test('both are replaced again and again while containers start', executable, async (t) => {
  const [one, two, { program }] = [install(), install(), install()];
  // As an installation does it: under another name first, so that neither is ever missing.
  const replace = `while :; do
    for from in ${dirname(one.program)} ${dirname(two.program)}; do
      for file in koffi.node trunc; do ln $from/$file $file.new; mv $file.new $file; done
      sleep 0.01
    done
  done`;
  const replacing = spawn('sh', ['-c', replace], { cwd: dirname(program), stdio: 'ignore' });
  t.teardown(() => replacing.kill());
  const work = async () => {
    const bundle = newBundle();
    for (let count = 0; count < 8; count += 1) {
      const { status, stdout, stderr } = await background(['run', newId()], { program: [program], bundle })
        .done;
      t.match({ status, stdout, stderr }, { status: 0, stdout: 'hello\n', stderr: '' });
    }
  };
  await Promise.all([work(), work(), work()]);
});

t.test('nothing is left', nothingLeft);
