import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Seccomp } from '../../src/spec/config.ts';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, run, succeed } from '../helpers/runtime.ts';
import { newId, root, temp } from '../helpers/sandbox.ts';

suite('root');

// runc keeps no compiled profile.
const ours = only('trunc');
const cache = join(root, '@seccomp');
const seccomp: Seccomp = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/docker-seccomp.json'), 'utf8'),
);
const forbid = (name: string): Seccomp => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: [name], action: 'SCMP_ACT_ERRNO' }],
});

/** Whether a container with that profile has its filter; what its create opened is in `opened`. */
function tryProfile(profile: Seccomp, globals: string[] = []): { filtered: boolean; compiled: boolean } {
  const file = join(temp, newId());
  const bundle = makeBundle((config) => {
    config.linux.seccomp = profile;
    config.process.args = [
      '/bin/sh',
      '-c',
      'grep -q "^Seccomp:.2" /proc/self/status && ! unshare -U true 2>/dev/null',
    ];
  });
  const wrapper = ['strace', '-f', '-e', 'trace=openat', '-o', file];
  const { status } = run(['run', newId()], { bundle, wrapper, globals, timeout: 60_000 });
  return { filtered: status === 0, compiled: readFileSync(file, 'utf8').includes('libseccomp.so') };
}

const entries = () => (existsSync(cache) ? readdirSync(cache) : []);
const entry = () => join(cache, entries()[0] as string);
const fresh = () => rmSync(cache, { recursive: true, force: true });

const strace = only('trunc', 'strace');

t.test('a profile is compiled once', strace, async (t) => {
  t.same(tryProfile(seccomp), { filtered: true, compiled: true });
  t.equal(statSync(cache).mode & 0o777, 0o700);
  t.equal(statSync(entry()).mode & 0o777, 0o600);
  t.same(tryProfile(seccomp), { filtered: true, compiled: false });
  t.same(tryProfile(forbid('unshare')), { filtered: true, compiled: true }, 'another profile');
  t.equal(entries().length, 2);
  t.same(tryProfile(seccomp, ['--no-seccomp-cache']), { filtered: true, compiled: true });
});

t.test('what may not be trusted is compiled anew', strace, async (t) => {
  const spoil: Record<string, () => void> = {
    'a file that others may write to': () => chmodSync(entry(), 0o666),
    'a file of another user': () => chownSync(entry(), 1000, 1000),
    'a file that is cut off': () => writeFileSync(entry(), readFileSync(entry(), 'utf8').slice(0, 100)),
    'an empty file': () => writeFileSync(entry(), ''),
    'a directory': () => {
      const path = entry();
      rmSync(path);
      mkdirSync(path);
    },
    'a link': () => {
      const path = entry();
      writeFileSync(join(temp, 'elsewhere'), readFileSync(path), { mode: 0o600 });
      rmSync(path);
      symlinkSync(join(temp, 'elsewhere'), path);
    },
    'of another kernel': () => change('kernel', '1.0'),
    'of another format': () => change('format', 0),
    'of another library': () => change('libraryVersion', '1'),
    'of a library that is gone': () => change('library', '/no/such/library'),
    'of another profile with the same name': () => change('profile', '{}'),
    'a directory that others may enter': () => chmodSync(cache, 0o755),
    'a directory of another user': () => chownSync(cache, 1000, 1000),
  };
  function change(key: string, value: unknown): void {
    const path = entry();
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), [key]: value }));
  }
  for (const [name, action] of Object.entries(spoil)) {
    fresh();
    tryProfile(seccomp);
    action();
    t.same(tryProfile(seccomp), { filtered: true, compiled: true }, name);
  }
  fresh();
});

t.test('it does not grow without end', ours, async (t) => {
  mkdirSync(cache, { mode: 0o700, recursive: true });
  for (let index = 0; index < 64; index += 1) writeFileSync(join(cache, `old${index}`), '', { mode: 0o600 });
  inside((config) => {
    config.linux.seccomp = seccomp;
  }, 'true');
  t.equal(entries().length, 1);
});

t.test('it is no container', ours, async (t) => {
  t.notMatch(succeed(['list']).stdout, /seccomp/);
  t.equal(run(['state', '@seccomp']).status, 1);
  t.equal(run(['delete', '--force', '@seccomp']).status, 1);
  t.ok(existsSync(cache));
});

t.test('libseccomp is missing', ours, async (t) => {
  fresh();
  const hide =
    'for f in $(find /usr/lib* /lib* -name "libseccomp.so.2*"); do mount --bind /dev/null $f; done';
  const wrapper = ['unshare', '-m', 'sh', '-c', `${hide}; exec "$@"`, 'sh'];
  const change = (config: { linux: { seccomp?: Seccomp } }) => {
    config.linux.seccomp = forbid('unshare');
  };
  refused(t, attempt(change, 'true', { wrapper }), /libseccomp\.so\.2 cannot be loaded.*libseccomp2/);
});

t.test('profiles that libseccomp refuses', ours, async (t) => {
  const wrong = (profile: Seccomp, reason: RegExp) =>
    refused(
      t,
      attempt((config) => Object.assign(config.linux, { seccomp: profile }), 'true'),
      reason,
    );
  wrong({ ...forbid('chmod'), architectures: ['SCMP_ARCH_M68K'] }, /linux\.seccomp\.architectures: .*m68k/);
  wrong(
    { ...forbid('chmod'), architectures: ['SCMP_ARCH_S390X'] },
    /linux\.seccomp\.architectures: add s390x: /,
  );
});

t.test('nothing is left', nothingLeft);
