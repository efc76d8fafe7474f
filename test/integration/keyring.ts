import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { syscall, trySyscall } from '../../src/linux/syscall.ts';
import { makeBundle, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, run } from '../helpers/runtime.ts';
import { newId, tag } from '../helpers/sandbox.ts';

suite('root');

// Source: include/uapi/linux/keyctl.h.
const JOIN_SESSION_KEYRING = 1;
const CHOWN = 4;
const SETPERM = 5;
const LINK = 8;
const PROCESS_KEYRING = -2;
/** Who has it in a keyring of its own may do everything and sees it in /proc/keys, all others may only find it. */
const FOUND_BY_ALL = 0x3f000008;

/** A keyring of this process, which ends with it; one of each name. It is the session keyring too until the next one. */
function newKeyring(name: string): number {
  const key = syscall('keyctl', JOIN_SESSION_KEYRING, name);
  syscall('keyctl', LINK, key, PROCESS_KEYRING);
  return key;
}

/** Lines of /proc/keys: number, flags, uses, expiry, permissions, uid, gid, type, name. */
const KEYS = "grep 'keyring *_ses' /proc/keys | tr -s ' ' | cut -d' ' -f5,6,9 | tr -d :";

t.test('who enters the container may find its keyring', only(['trunc', 'runc']), async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', KEYS];
  });
  const id = newId();
  const { stdout } = run(['run', id], { bundle });
  t.match(stdout, new RegExp(`^3f1b0000 0 _ses\\.${id}$`, 'm'));
  t.match(inside(withUserNamespace, KEYS), /^3f130008 0 _ses\.\S+$/m, 'in a user namespace');
});

// runc joins whatever has the name.
t.test('a keyring that somebody has laid ready', only('trunc'), async (t) => {
  const id = newId();
  const trap = newKeyring(`_ses.${id}`);
  syscall('keyctl', SETPERM, trap, FOUND_BY_ALL);
  syscall('keyctl', CHOWN, trap, 1_234_567, -1);
  newKeyring(tag);
  const bundle = makeBundle((config) => {
    config.process.args = ['/bin/sh', '-c', KEYS];
  });
  const { stdout, stderr } = run(['run', id], { bundle });
  t.notMatch(stdout, id, 'is not the container’s');
  t.match(stdout, /^3f030000 0 _ses$/m, 'which has no name');
  t.equal(stderr, '');
});

/** Gives the user as many keys as it may have; they go when this process ends. */
function exhaustQuota(t: Test, uid: number): void {
  const limit = Number(readFileSync('/proc/sys/kernel/keys/maxkeys', 'utf8'));
  let result = 0;
  for (let count = 0; count <= limit && result >= 0; count++) {
    result = trySyscall('keyctl', CHOWN, newKeyring(`${tag}-${count}`), uid, -1);
  }
  t.equal(result, -122, 'the quota is exhausted');
}

// runc fails.
t.test('an exhausted quota', only('trunc'), async (t) => {
  const uid = 1_000_000_000 + (process.pid % 1_000_000);
  exhaustQuota(t, uid);
  const id = newId();
  const bundle = makeBundle((config) => {
    withUserNamespace(config, uid);
    config.process.args = ['/bin/sh', '-c', KEYS];
  });
  const { status, stdout, stderr } = run(['run', id], { bundle });
  t.match({ status, stderr }, { status: 0, stderr: '' });
  t.match(stdout, new RegExp(`^3f130000 65535 _ses\\.${id}$`, 'm'), 'another user of the container owns it');

  const alone = attempt((config) => withUserNamespace(config, uid, 1), 'echo ran');
  t.match(alone, { status: 0, stdout: 'ran\n' }, 'a container that has only one user');
  t.match(
    alone.stderr,
    /level=warning .*session keyring of its caller: disk quota exceeded/,
    'keeps the caller’s',
  );
});

t.test('nothing is left', nothingLeft);
