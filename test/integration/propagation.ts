import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, withUserNamespace } from '../helpers/bundle.ts';
import { inMounts } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, runtime } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

interface Asked {
  rootfs?: string;
  /** Options of a bind mount of a shared mount of the host, whose destination is /dev/data. */
  bind?: string[];
  change?: Change;
}

/** What a container and its host see of each other's mounts, made while it runs. */
function travels({ rootfs, bind = ['rbind'], change }: Asked): {
  root: string;
  bind: string;
  in: boolean;
  out: boolean;
} {
  const source = join(temp, newId());
  mkdirSync(source);
  const outside = `mount -t tmpfs src ${source}; cd ${source}; mkdir in out; chmod 777 . out
    "$@" & wait=500; while [ ! -e ready ]; do sleep 0.05; wait=$((wait - 1)); [ $wait -gt 0 ] || exit 9; done
    mount -t tmpfs h in; touch in/marker; touch go; while [ ! -e done ]; do sleep 0.05; done
    ls ${source}/out >&2; touch end; wait $!`;
  const script = `cd /dev/data; for p in / /dev/data; do grep -E "^([^ ]+ ){4}$p " /proc/self/mountinfo | tail -n 1 | sed 's/ - .*//' | cut -d' ' -f7-; echo .; done
    touch ready; while [ ! -e go ]; do sleep 0.05; done
    ls in; mount -t tmpfs c out && touch out/marker; touch done; while [ ! -e end ]; do sleep 0.05; done`;
  const { status, stdout, stderr } = attempt(
    (config) => {
      if (rootfs) config.linux.rootfsPropagation = rootfs;
      const all = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'];
      config.process.capabilities = { bounding: all, effective: all, permitted: all };
      config.mounts.push({ destination: '/dev/data', source, options: bind });
      change?.(config);
    },
    script,
    { wrapper: inMounts(outside, 'shared') },
  );
  if (status !== 0) throw new Error(`exit ${status}: ${stderr} ${stdout}`);
  const [root = '', data = '', rest = ''] = stdout.split('.\n');
  return {
    root: root.trim(),
    bind: data.trim(),
    in: rest.includes('marker'),
    out: stderr.includes('marker'),
  };
}

// crun 1.8 makes a slave private; runc 1.1.5 sets the propagation of the root before pivot_root, which undoes some.
const here = only('trunc');

t.test('by default, from the host to the container only', here, async (t) => {
  t.match(travels({}), { root: /^master:\d+$/, bind: /^master:\d+$/, in: true, out: false });
});

for (const [rootfs, root, bind, inwards, outwards] of [
  ['rslave', /^master:\d+$/, /^master:\d+$/, true, false],
  ['slave', /^master:\d+$/, /^master:\d+$/, true, false],
  ['rprivate', /^$/, /^$/, false, false],
  ['private', /^$/, /^master:\d+$/, true, false],
  ['runbindable', /^unbindable$/, /^unbindable$/, false, false],
  ['unbindable', /^unbindable$/, /^master:\d+$/, true, false],
  ['rshared', /^shared:\d+/, /^shared:\d+$/, true, true],
  ['shared', /^shared:\d+/, /^shared:\d+$/, true, true],
] as const) {
  t.test(`rootfsPropagation ${rootfs}`, here, async (t) => {
    t.match(travels({ rootfs }), { root, bind, in: inwards, out: outwards });
  });
}

t.test('the options of a mount have the last word', here, async (t) => {
  for (const rootfs of ['shared', 'rshared']) {
    t.match(travels({ rootfs, bind: ['rbind', 'rslave'] }), { in: true, out: false });
    t.match(travels({ rootfs, bind: ['rbind', 'private'] }), { in: false, out: false });
  }
  t.match(travels({ bind: ['rbind', 'rshared'] }), { bind: /^shared:\d+ master:\d+$/, in: true, out: false });
});

t.test('in a user namespace the host never hears of it', here, async (t) => {
  const change: Change = (config) => withUserNamespace(config);
  t.match(travels({ change }), { bind: /^master:\d+$/, in: true, out: false });
  t.match(travels({ change, rootfs: 'rshared', bind: ['rbind', 'rshared'] }), { in: true, out: false });
  t.match(travels({ change, rootfs: 'rprivate' }), { bind: /^$/, in: false, out: false });
});

t.test('with mapped owners', here, async (t) => {
  const map = [{ containerID: 0, hostID: 0, size: 1 }];
  const change: Change = (config) => {
    const bind = config.mounts.at(-1);
    Object.assign(bind ?? {}, { uidMappings: map, gidMappings: map });
  };
  t.match(travels({ change }), { bind: /^master:\d+$/, in: true, out: false });
  t.match(travels({ change, rootfs: 'rshared' }), { bind: /^shared:\d+$/, in: true, out: true });
});

t.test('mounts of config.json below a shared one stay inside', async (t) => {
  const source = join(temp, newId());
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'file'), '');
  for (const rootfs of [undefined, 'slave', 'private', 'rprivate']) {
    // runc 1.1.5 leaves the host's mounts shared with the ones for the root alone.
    if (runtime.kind !== 'trunc' && rootfs && !rootfs.startsWith('r')) continue;
    const wrapper = inMounts(
      `mount --bind ${source} ${source}; "$@"; status=$?; grep leak /proc/self/mountinfo; exit $status`,
      'shared',
    );
    const seen = inside(
      (config) => {
        if (rootfs) config.linux.rootfsPropagation = rootfs;
        config.mounts.push({ destination: '/data', source, options: ['rbind'] });
        config.mounts.push({ destination: '/data/sub', type: 'tmpfs', source: 'leak' });
      },
      'grep -c leak /proc/self/mountinfo',
      { wrapper },
    );
    t.equal(seen, '1', `rootfsPropagation ${rootfs}`);
  }
});

t.test('nothing is left', nothingLeft);
