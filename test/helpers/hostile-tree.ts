import { chmodSync, lchownSync, linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AT_FDCWD, deviceNumber } from '../../src/linux/path.ts';
import { FILE_KIND } from '../../src/linux/stat.ts';
import { syscall } from '../../src/linux/syscall.ts';
import { pick, type Random } from './mutate.ts';

/** What runtimes look at, make, mount on, open or execute; parents first. */
export const PLACES =
  'dev dev/null dev/zero dev/full dev/tty dev/ptmx dev/pts dev/pts/ptmx dev/console dev/shm dev/mqueue dev/fd dev/stdin ' +
  'dev/core dev/own dev/net dev/net/own proc proc/self proc/sys proc/sys/kernel proc/kcore proc/version sys sys/fs sys/fs/cgroup ' +
  'sys/firmware etc etc/passwd etc/group etc/hosts etc/secret bin bin/true tmp tmp/up tmp/up/a tmp/up/b work work/dir mnt ' +
  'mnt/a mnt/a/b run run/secrets volume volume/way volume/way/file root';
const places = PLACES.split(' ');

const MODES = [0o755, 0o755, 0o777, 0o1777, 0o700, 0o000, 0o4755, 0o2710];
const OWNERS = [0, 0, 0, 1000, 100_000, 0xfffffffe];
const DEVICES = [
  ['character', 1, 3],
  ['character', 1, 5],
  ['character', 5, 2],
  ['character', 5, 0],
  ['character', 4, 64],
  ['character', 511, 9],
  ['block', 7, 99],
  ['block', 43, 77],
] as const;
const LONGEST_NAME = 255;
const LONGEST_TARGET = 4095;

/** Directories of the host that links lead to. */
export interface Landmarks {
  /** Absolute paths, of things that are there and of things that are not. */
  outside: readonly string[];
}

/** From anywhere below a rootfs. */
const upTo = (path: string): string => `${'../'.repeat(24)}${path.slice(1)}`;

function linkTarget(random: Random, { outside }: Landmarks): string {
  const inside = pick(random, places);
  const far = pick(random, outside);
  const kinds = [
    far,
    far,
    upTo(far),
    upTo(far),
    `/${inside}`,
    `/${inside}`,
    inside,
    `../${inside}`,
    basename(inside),
    '.',
    '..',
    '/',
    'loop',
    `new/deep/${basename(inside)}`,
    `/new/${basename(inside)}/more`,
    '/proc/self/root/etc',
    '/proc/1/root/etc',
    '/proc/self/fd/3',
    '/proc/self/fd/7/../../..',
    '/proc/self/exe',
    '/proc/self/attr/exec',
    '/proc/sysrq-trigger',
    '/proc/sys/kernel/shmmni',
    '/proc/kmsg',
    `${'x'.repeat(LONGEST_NAME)}/y`,
    `${'./'.repeat(LONGEST_TARGET / 2)}x`,
    `${'a/'.repeat(1000)}b`,
    `${'../'.repeat(LONGEST_TARGET / 3 - 10)}etc`,
    'line\nbreak\u001b[31m',
  ];
  return pick(random, kinds);
}

function makeNode(path: string, kind: keyof typeof FILE_KIND, major = 0, minor = 0): void {
  syscall('mknodat', AT_FDCWD, path, FILE_KIND[kind] | 0o666, deviceNumber(major, minor));
}

type Make = (path: string, random: Random, landmarks: Landmarks) => void;
const directory: Make = (path) => mkdirSync(path);
const link: Make = (path, random, landmarks) => symlinkSync(linkTarget(random, landmarks), path);
const MAKERS: readonly Make[] = [
  directory,
  directory,
  directory,
  link,
  link,
  link,
  (path) => writeFileSync(path, ''),
  (path) => writeFileSync(path, 'hostile\nroot:x:0:0::/loop:/x\n'),
  (path) => makeNode(path, 'fifo'),
  (path) => makeNode(path, 'socket'),
  (path, random) => {
    const [kind, major, minor] = pick(random, DEVICES);
    makeNode(path, kind, major, minor);
  },
];

const ODD_NAMES = [
  'x'.repeat(LONGEST_NAME),
  'line\nbreak',
  '\u001b[2J',
  ' ',
  '...',
  '-rf',
  '\\',
  '"',
  '%s',
  '*',
];

/** Ends a test's own doubts about what may go wrong here: what cannot be made is not there. */
function tryTo(action: () => void): void {
  try {
    action();
  } catch {
    // A parent is a link to nowhere, a file, or a name is too long.
  }
}

/** Whether every directory on the way to a place is one that was made here: nothing is ever made through a link. */
function isReachable(place: string, made: ReadonlySet<string>): boolean {
  const parent = dirname(place);
  return parent === '.' || made.has(parent);
}

/**
 * Fills an empty directory as the author of an image could who means ill: by default an ordinary tree, of which some places are
 * missing, or links (to the host, in circles, to nowhere, too long), or files, FIFOs, sockets and devices, of any owner and
 * mode, with odd names beside them. The same tree for the same numbers.
 */
export function growTree(root: string, random: Random, landmarks: Landmarks): void {
  const spoilt = random() ** 2 * 0.5;
  const directories = new Set<string>();
  for (const place of places) {
    const path = join(root, place);
    if (!isReachable(place, directories)) continue;
    const isLeaf = !places.some((other) => dirname(other) === place);
    if (random() >= spoilt) {
      // As images have it; of what is in there, much is not there at all.
      if (!isLeaf) {
        mkdirSync(path);
        directories.add(place);
      } else if (random() < 0.3) writeFileSync(path, '', { mode: 0o755 });
      continue;
    }
    if (random() < 0.25) continue;
    const make = pick(random, MAKERS);
    make(path, random, landmarks);
    if (make === directory) directories.add(place);
    if (make !== link) chmodSync(path, pick(random, MODES));
    lchownSync(path, pick(random, OWNERS), pick(random, OWNERS));
  }
  tryTo(() => symlinkSync('loop', join(root, 'loop')));
  addOddities(root, [...directories], random, landmarks);
}

function addOddities(root: string, directories: string[], random: Random, landmarks: Landmarks): void {
  for (let left = Math.floor(random() * 6); left > 0; left -= 1) {
    const parent = join(root, pick(random, ['.', ...directories]));
    const path = join(parent, pick(random, ODD_NAMES));
    const make = pick(random, MAKERS);
    // To write to a FIFO that is there already would be to wait.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) tryTo(() => make(path, random, landmarks));
    tryTo(() => linkSync(path, join(parent, 'second')));
  }
  if (!directories.includes('tmp')) return;
  const bytes = Buffer.concat([Buffer.from(`${join(root, 'tmp')}/`), Buffer.from([0xff, 0x80, 0x01])]);
  if (random() < 0.3) tryTo(() => writeFileSync(bytes, 'not UTF-8'));
  if (random() < 0.2) tryTo(() => mkdirSync(join(root, 'tmp', ...deepPath(random)), { recursive: true }));
}

/** As deep as a path can be that starts in the directory of tests. */
function deepPath(random: Random): string[] {
  return random() < 0.5
    ? Array.from({ length: 13 }, () => 'd'.repeat(LONGEST_NAME))
    : Array.from({ length: 400 }, () => 'd');
}
