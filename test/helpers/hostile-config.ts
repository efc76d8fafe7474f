import { join } from 'node:path';
import { baseConfig, type Config, type Mount, withoutNamespace, withUserNamespace } from './bundle.ts';
import { PLACES } from './hostile-tree.ts';
import { pick, type Random } from './mutate.ts';

/** What containers are given of the host: directories and a file. */
export interface Sources {
  /** Which the container may write to, and which is as hostile as its rootfs. */
  volume: string;
  /** Which it may only read. */
  canary: string;
  canaryFile: string;
}

/** A container to be made on a hostile rootfs, and how the runtime is to be called. */
export interface Case {
  config: Config;
  flags: string[];
  /** The rootfs is a shared mount of the host. */
  isShared: boolean;
  hasTerminal: boolean;
}

const places = PLACES.split(' ').map((place) => `/${place}`);
const PROPAGATIONS = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared', 'unbindable'];

/** A path that config.json has: mostly one that images have too, not always in its shortest form. */
function target(random: Random): string {
  const place = pick(random, places);
  return pick(random, [
    place,
    place,
    place,
    place,
    `${place}/new`,
    `${place}/new/deep`,
    `${place}/../made`,
    `/..${place}`,
    `/.${place}/`,
    `/${'l'.repeat(255)}${place}`,
    `/${'l'.repeat(256)}${place}`,
  ]);
}

function mountOf(random: Random, { volume, canary, canaryFile }: Sources): Mount {
  const destination = target(random);
  const kinds: Mount[] = [
    { destination, type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', 'size=1m'] },
    { destination, type: 'tmpfs', source: 'tmpfs', options: ['ro', 'nosuid', 'tmpcopyup'] },
    { destination, type: 'tmpfs', source: 'tmpfs' },
    { destination, source: volume, options: ['rbind', 'rw'] },
    { destination, source: volume, options: ['bind', 'rshared'] },
    { destination, source: volume, options: ['bind', 'dest-nofollow'] },
    { destination, source: join(volume, 'etc'), options: ['bind', 'copy-symlink'] },
    { destination, source: join(volume, 'etc'), options: ['bind', 'src-nofollow'] },
    { destination, source: canary, options: ['rbind', 'ro'] },
    { destination, source: canary, options: ['bind', 'rro', 'dest-nofollow'] },
    { destination, source: canaryFile, options: ['bind', 'ro'] },
    { destination, source: canaryFile, options: ['bind', 'ro', 'rshared'] },
    { destination, type: 'proc', source: 'proc' },
    { destination, type: 'sysfs', source: 'sysfs', options: ['ro'] },
    { destination, type: 'mqueue', source: 'mqueue' },
    { destination, type: 'cgroup', source: 'cgroup', options: ['ro'] },
    { destination, type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
    { destination, options: ['remount', 'bind', 'ro'] },
  ];
  return pick(random, kinds);
}

const some = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: 1 + Math.floor(random() * most) }, make);

type Twist = (config: Config, random: Random, sources: Sources) => void;
const without =
  (...destinations: string[]): Twist =>
  (config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destinations.includes(destination));
  };

function inUserNamespace(config: Config): void {
  if (config.linux.uidMappings === undefined) withUserNamespace(config);
}

const TWISTS: readonly Twist[] = [
  without('/dev'),
  without('/dev', '/dev/pts'),
  without('/dev/pts'),
  without('/proc'),
  without('/sys'),
  (config, random, sources) => config.mounts.push(...some(random, 4, () => mountOf(random, sources))),
  (config, random, sources) => config.mounts.push(...some(random, 2, () => mountOf(random, sources))),
  (config, random, sources) => config.mounts.unshift(...some(random, 2, () => mountOf(random, sources))),
  (config, random) => {
    config.linux.maskedPaths = some(random, 5, () => target(random));
  },
  (config, random) => {
    config.linux.readonlyPaths = some(random, 5, () => target(random));
  },
  (config, random) => {
    config.linux.devices = some(random, 3, () => deviceAt(target(random), random));
  },
  (config, random) => {
    config.process.cwd = pick(random, [
      target(random),
      '/proc/self/fd/5',
      '/proc/1/root',
      '/loop',
      '/new/cwd',
    ]);
  },
  (config, random) => {
    config.linux.rootfsPropagation = pick(random, PROPAGATIONS);
  },
  (config) => {
    config.root.readonly = true;
  },
  inUserNamespace,
  inUserNamespace,
  (config) => withoutNamespace(config, 'cgroup'),
  (config, random) => {
    config.process.user = { uid: pick(random, [1000, 60_000]), gid: 1000 };
  },
  (config) => {
    config.linux.sysctl = { 'kernel.shmmni': '77' };
  },
  (config, random) => {
    config.process.args = [
      pick(random, ['true', '/etc/passwd', '/proc/self/exe', '/loop', '/tmp', '/dev/null']),
    ];
  },
];

function deviceAt(path: string, random: Random) {
  const owner = pick(random, [0, 1000]);
  const fileMode = pick(random, [0o666, 0o4777, 0o600]);
  return pick(random, [
    { type: 'c', path, major: 1, minor: 3, fileMode, uid: owner, gid: owner },
    { type: 'c', path, major: 10, minor: 229, fileMode, uid: owner, gid: 0 },
    { type: 'p', path, fileMode, uid: owner, gid: owner },
  ]);
}

/** A configuration that is in order, with some twists: what it asks for may well be impossible on the rootfs it gets. */
export function hostileCase(random: Random, sources: Sources): Case {
  const config = baseConfig();
  config.process.args = ['/program'];
  for (const twist of some(random, 5, () => pick(random, TWISTS))) twist(config, random, sources);
  const hasTerminal = random() < 0.2;
  config.process.terminal = hasTerminal;
  const isShared = random() < 0.15;
  return { config, flags: random() < 0.05 ? ['--no-pivot'] : [], isShared, hasTerminal };
}
