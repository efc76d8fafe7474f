import t from 'tap';
import type { CapabilitySet, Change } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, runtime } from '../helpers/runtime.ts';

suite('root');

const BITS: Record<string, number> = {
  CHOWN: 0,
  KILL: 5,
  SETUID: 7,
  NET_RAW: 13,
  SYS_ADMIN: 21,
  CHECKPOINT_RESTORE: 40,
};
const mask = (...names: string[]) =>
  names
    .reduce((bits, name) => bits | (1n << BigInt(BITS[name] ?? 63)), 0n)
    .toString(16)
    .padStart(16, '0');

/** The five masks of the program. */
function masks(sets: Partial<Record<CapabilitySet, string[]>>, uid = 0, more: Change = () => {}) {
  const seen = inside(
    (config) => {
      const named = Object.entries(sets).map(([set, names]) => [set, names.map((name) => `CAP_${name}`)]);
      config.process.capabilities = Object.fromEntries(named);
      config.process.user = { uid, gid: uid };
      more(config);
    },
    ['/bin/grep', '^Cap', '/proc/self/status'],
  );
  return Object.fromEntries(seen.split('\n').map((line) => line.split(':\t')));
}

const bounding = ['CHOWN', 'KILL', 'SETUID', 'CHECKPOINT_RESTORE'];
const permitted = ['CHOWN', 'KILL'];

t.test('root: execve gives it all of the bounding set', async (t) => {
  const all = mask(...bounding);
  t.same(masks({ bounding, permitted, effective: permitted }), {
    CapInh: mask(),
    CapPrm: all,
    CapEff: all,
    CapBnd: all,
    CapAmb: mask(),
  });
});

t.test('a user: execve leaves it the ambient set', async (t) => {
  const sets = { bounding, permitted, effective: permitted, inheritable: permitted, ambient: ['CHOWN'] };
  t.same(masks(sets, 1000), {
    CapInh: mask(...permitted),
    CapPrm: mask('CHOWN'),
    CapEff: mask('CHOWN'),
    CapBnd: mask(...bounding),
    CapAmb: mask('CHOWN'),
  });
});

t.test('a user without ambient capabilities has none', async (t) => {
  t.match(masks({ bounding, permitted, effective: permitted }, 1000), {
    CapInh: mask(),
    CapPrm: mask(),
    CapEff: mask(),
  });
});

t.test('empty sets', async (t) => {
  const none = { CapInh: mask(), CapPrm: mask(), CapEff: mask(), CapBnd: mask(), CapAmb: mask() };
  t.same(masks({}), none, 'root can do nothing');
  t.match(
    attempt((config) => {
      config.process.capabilities = {};
    }, 'chown 1 /tmp').stderr,
    /not permitted/,
  );
});

t.test('nothing of the caller is inherited', async (t) => {
  const wrapper = ['setpriv', '--inh-caps', '+net_raw', '--ambient-caps', '+net_raw', '--'];
  const seen = inside(
    (config) => {
      config.process.capabilities = { bounding: ['CAP_CHOWN'] };
      config.process.user = { uid: 1000, gid: 1000 };
    },
    ['/bin/grep', '-E', '^Cap(Inh|Eff|Amb|Prm)', '/proc/self/status'],
    { wrapper },
  );
  t.notMatch(seen, /[1-9a-f]$/m);
});

t.test('an unknown name is a warning', async (t) => {
  if (runtime.kind === 'crun') return; // 1.8 says nothing
  const { status, stderr } = attempt((config) => {
    config.process.capabilities = { bounding: ['CAP_CHOWN', 'CAP_NO_SUCH'] };
  }, 'true');
  t.equal(status, 0);
  t.match(stderr, /CAP_NO_SUCH/);
});

// runc 1.1 makes an error of it, which the specification does not want.
t.test('what cannot be granted is a warning', only('trunc'), async (t) => {
  const withoutAdmin = ['setpriv', '--bounding-set', '-net_raw', '--'];
  const { status, stdout, stderr } = attempt(
    (config) => {
      const [most, all] = [
        ['CAP_KILL', 'CAP_NET_RAW'],
        ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'],
      ];
      config.process.capabilities = { bounding: all, permitted: most, effective: all, inheritable: all };
      config.process.user = { uid: 1000, gid: 1000 };
    },
    ['/bin/grep', '^Cap[IB]', '/proc/self/status'],
    { wrapper: withoutAdmin },
  );
  t.equal(status, 0, stderr);
  t.equal(stdout, `CapInh:\t${mask('CHOWN', 'KILL')}\nCapBnd:\t${mask('CHOWN', 'KILL')}\n`);
  t.match(stderr, 'process.capabilities.permitted: left out what cannot be granted: CAP_NET_RAW');
  t.match(stderr, 'process.capabilities.effective: left out what cannot be granted: CAP_CHOWN, CAP_NET_RAW');
});

t.test('nothing is left', nothingLeft);
