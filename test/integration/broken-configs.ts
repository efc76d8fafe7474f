import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exampleSpec } from '../../src/spec/example.ts';
import { brokenConfigs } from '../fixtures/broken-configs.ts';
import { makeBundle, writeConfig } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run, runtime } from '../helpers/runtime.ts';
import { cgroups, newId, processes, root, tag } from '../helpers/sandbox.ts';

suite('root');

const bundle = makeBundle();

function base() {
  const config = JSON.parse(
    JSON.stringify(exampleSpec({ rootless: false, cgroupns: false, euid: 0, egid: 0 })),
  );
  config.process.terminal = false;
  config.process.args = ['/bin/true'];
  config.process.env = ['PATH=/bin'];
  config.linux.cgroupsPath = `/${tag}/broken`;
  return config;
}

// crun 1.8 does not know this version of the specification.
t.test('the config that is to be broken works', only(['trunc', 'runc']), async (t) => {
  writeConfig(bundle, base());
  t.match(run(['run', newId()], { bundle }), { status: 0, stderr: '' });
});

// runc lets many of them pass, and names no field.
t.test('a broken config', only('trunc'), async (t) => {
  const expected = {
    status: 1,
    stdout: '',
    isOneLine: true,
    namesField: true,
    processes: [],
    cgroups: [],
    files: [],
  };
  for (const { name, field, change } of brokenConfigs) {
    const config = base();
    change(config);
    writeConfig(bundle, config);
    const { status, stdout, stderr } = run(['create', newId()], { bundle });
    const seen = {
      status,
      stdout,
      isOneLine: /^[^\n]+\n$/.test(stderr),
      namesField: stderr.includes(field),
      processes: processes(),
      cgroups: cgroups(),
      files: existsSync(root) ? readdirSync(root) : [],
    };
    t.same(seen, expected, `${name}: ${stderr.trim()}`);
  }
});

t.test('an unknown property is ignored, and named with --debug', async (t) => {
  const config = base();
  config.linux.resource = {};
  config.process.argv = ['x'];
  config.linux.namespaces[0].inode = 7;
  config['org.example'] = null;
  writeConfig(bundle, config);
  t.match(run(['run', newId()], { bundle }), { status: 0, stderr: '' });
  if (runtime.kind !== 'trunc') return; // they do not tell
  const { status, stderr } = run(['run', newId()], { bundle, globals: ['--debug'] });
  t.equal(status, 0);
  t.match(stderr, 'linux.resource: unknown property, ignored; did you mean resources?');
  t.match(stderr, 'process.argv: unknown property, ignored; did you mean args?');
});

// runc takes the last one without a word.
t.test('a property that is there twice is named with --debug', only('trunc'), async (t) => {
  const text = JSON.stringify(base(), null, 2);
  writeFileSync(join(bundle, 'config.json'), text.replace('"hostname"', '"hostname": "first",\n"hostname"'));
  t.match(run(['run', newId()], { bundle }), { status: 0, stderr: '' });
  const { status, stderr } = run(['run', newId()], { bundle, globals: ['--debug'] });
  t.equal(status, 0);
  t.match(stderr, /config\.json: line \d+: \\?"hostname\\?" is there again, the last one counts/);
});

// runc ends at the first mistake.
t.test('all that is wrong at once', only('trunc'), async (t) => {
  const config = base();
  config.process.rlimits[0].type = 'RLIMIT_NOFIL';
  config.linux.cgroupsPath = '/a/../b';
  config.hostname = 'x'.repeat(65);
  writeConfig(bundle, config);
  const { status, stderr } = run(['create', newId()], { bundle });
  t.equal(status, 1);
  for (const text of ['"RLIMIT_NOFIL": did you mean RLIMIT_NOFILE?; ', 'linux.cgroupsPath: ', 'hostname: '])
    t.match(stderr, text);
});

t.test('nothing is left', nothingLeft);
