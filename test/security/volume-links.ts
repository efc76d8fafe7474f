// An image's /dev may be a link that leads into a volume, once that is mounted: nothing of what is made below /dev may be made,
// nor the ptmx there removed, in what is the host's. CVE-2026-41579 and CVE-2026-47766 by way of a volume.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { listing } from '../helpers/listing.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, type Result, run } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';
import { FdSocket } from '../helpers/terminal.ts';

suite('root');

/** As /dev of a host, with a file that would be missed. */
function makeVolume(): string {
  const volume = join(temp, `host-${newId()}`);
  mkdirSync(join(volume, 'dev'), { recursive: true });
  writeFileSync(join(volume, 'dev/ptmx'), "the host's");
  return volume;
}

/** `-v VOLUME:/host` as engines put it into config.json: after the mounts that are always there. */
function attack(change: Change): { volume: string; result: Result } {
  const volume = makeVolume();
  const bundle = makeBundle((config) => {
    config.process.user = { uid: 1000, gid: 1000 };
    config.mounts.push({ destination: '/host', source: volume, options: ['rbind', 'rw'] });
    change(config);
  });
  const rootfs = join(bundle, 'rootfs');
  rmdirSync(join(rootfs, 'dev'));
  symlinkSync('/host/dev', join(rootfs, 'dev'));
  using socket = new FdSocket();
  const id = newId();
  const terminal = readFileSync(join(bundle, 'config.json'), 'utf8').includes('"terminal": true');
  const flags = terminal ? ['--console-socket', socket.path] : [];
  const result = run(['create', ...flags, id], { bundle });
  if (result.status === 0) run(['delete', '--force', id]);
  return { volume, result };
}

const withoutDev: Change = (config) => {
  config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
};
const CHANGES: Record<string, Change> = {
  'with a filesystem on /dev': () => {},
  'without one': withoutDev,
  'with a terminal': (config) => {
    config.process.terminal = true;
    withoutDev(config);
    config.mounts.push({
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['newinstance'],
    });
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  // Not tried on another runtime: it is the host that would be hit.
  t.test(name, only('trunc'), async (t) => {
    const { volume, result } = attack(change);
    t.same(
      readdirSync(join(volume, 'dev')).filter((name) => name !== 'pts'),
      ['ptmx'],
      result.stderr,
    );
    t.match(
      listing(volume).find((line) => line.startsWith('dev/ptmx')),
      /^dev\/ptmx 100644 /,
    );
    t.equal(result.status, 1);
    t.match(result.stderr, /^trunc create failed: .*\/dev.* a link .* volume/);
  });
}

t.test('nothing is left', nothingLeft);
