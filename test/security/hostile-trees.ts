// Generated images that mean ill (test/helpers/hostile-tree.ts), with configurations that touch as much of them as possible: either
// there is a container, or one line says why not and nothing is left of it. Nothing outside of the rootfs and its volume
// changes: a tree beside it with files of all kinds, which many links of the image lead to, and the host's /dev and mounts.
// TREE_FIRST=N TREE_COUNT=N chooses trees; tree N is the same each time.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { AT_FDCWD, deviceNumber } from '../../src/linux/path.ts';
import { FILE_KIND } from '../../src/linux/stat.ts';
import { syscall } from '../../src/linux/syscall.ts';
import { writeConfig } from '../helpers/bundle.ts';
import { type Case, hostileCase, type Sources } from '../helpers/hostile-config.ts';
import { growTree } from '../helpers/hostile-tree.ts';
import { hostDevices, listing } from '../helpers/listing.ts';
import { inMounts } from '../helpers/mounts.ts';
import { type Random, seeded } from '../helpers/mutate.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, type Result, run, state } from '../helpers/runtime.ts';
import { leftovers, newId, tag, temp } from '../helpers/sandbox.ts';
import { FdSocket } from '../helpers/terminal.ts';

suite('root');

const soak = process.env.SOAK === '1';
const FIRST = Number(process.env.TREE_FIRST ?? 1);
const COUNT = Number(process.env.TREE_COUNT ?? (soak ? 10_000 : 100));
const LOOK_EVERY = 50;
// What nobody should read: a mistake of the program, or a value that was never there.
const BAD = /internal error|\bundefined\b|\bNaN\b|\[object|\n\s*at /;
const WARNINGS = /^(time=.* level=warning .*\n)*$/;
const ERROR = /^trunc create failed: (?:[^\p{Cc}]+)\n$/u;

/** Beside the rootfs of a container: what its links lead to. */
function makeCanary(): { directory: string; file: string; outside: string[] } {
  const directory = join(temp, 'canary');
  const at = (name: string) => join(directory, name);
  mkdirSync(at('etc/deep'), { recursive: true });
  for (const name of ['file', 'passwd', 'etc/passwd', 'etc/deep/file', 'ptmx', 'secret'])
    writeFileSync(at(name), `canary ${name}\n`);
  chmodSync(at('secret'), 0o4600);
  const node = (name: string, mode: number, device = 0) =>
    syscall('mknodat', AT_FDCWD, at(name), mode | 0o640, device);
  node('null', FILE_KIND.character, deviceNumber(1, 3));
  node('tty', FILE_KIND.character, deviceNumber(5, 0));
  node('disk', FILE_KIND.block, deviceNumber(7, 98));
  node('fifo', FILE_KIND.fifo);
  symlinkSync('file', at('link'));
  symlinkSync('nowhere', at('dangling'));
  const names = [
    '',
    'file',
    'etc',
    'etc/deep',
    'ptmx',
    'secret',
    'null',
    'tty',
    'fifo',
    'dangling',
    'new',
    'etc/new/deep',
  ];
  return { directory, file: at('file'), outside: names.map((name) => join(directory, name)) };
}

const canary = makeCanary();

/** What must be the same before and after: the files beside, and of the host /dev, mounts that are about this test. */
function outside(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...listing(canary.directory),
    ...hostDevices().map((line) => `/dev ${line}`),
    ...mounts.filter((line) => line.includes(tag)),
  ];
}

/** The rootfs as a shared mount, in a mount namespace of the caller's that tells what came of it. */
function sharing(rootfs: string, mounts: string): string[] {
  const list = 'cut -d" " -f 4- /proc/self/mountinfo';
  const before = `mount --bind ${rootfs} ${rootfs} && mount --make-shared ${rootfs} && ${list} > ${mounts}.1`;
  return inMounts(`${before} && "$@"; status=$?; ${list} > ${mounts}.2; exit $status`, 'shared');
}

/** What is wrong with how a container was made or refused. */
function judge(id: string, bundle: string, made: Case, result: Result): string[] {
  const { status, signal, stdout, stderr } = result;
  const wrong: string[] = [];
  if (stdout !== '') wrong.push(`said ${stdout}`);
  if (BAD.test(stderr)) wrong.push('a mistake');
  if (status === 0) {
    if (!WARNINGS.test(stderr)) wrong.push('more than warnings');
    wrong.push(...foreign(bundle, made).map((path) => `mounted: ${path}`));
    const removed = run(['delete', '--force', id]);
    if (removed.status !== 0 || removed.stderr !== '') wrong.push(`delete: ${removed.stderr}`);
  } else if (status !== 1 || signal !== null) wrong.push('ended badly');
  else {
    const last = stderr.replace(/^(time=.* level=warning .*\n)*/, '');
    if (!ERROR.test(last)) wrong.push('not one line');
    if (state(id) !== undefined) wrong.push('it is there all the same');
  }
  return wrong.length > 0 ? [...wrong, `exit ${status ?? signal}, ${JSON.stringify(stderr)}`] : [];
}

/** Files of the host that are mounted in a container and that nobody has asked for. */
function foreign(bundle: string, { config }: Case): string[] {
  const pid = readFileSync(join(bundle, 'pid'), 'utf8');
  const wanted = [join(bundle, 'rootfs'), ...config.mounts.map(({ source }) => source ?? '')];
  // Fields: id, parent, device, root of the mount in its filesystem, mount point. A link of a volume may be a source.
  const roots = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[3] ?? '');
  return roots.filter((root) => root.startsWith(temp) && !wanted.some((path) => root.startsWith(path)));
}

function create(id: string, bundle: string, { flags, hasTerminal, isShared }: Case): Result {
  using socket = hasTerminal ? new FdSocket() : undefined;
  const console = socket === undefined ? [] : ['--console-socket', socket.path];
  const wrapper = isShared ? sharing(join(bundle, 'rootfs'), join(bundle, 'mounts')) : [];
  return run(['create', '--pid-file', join(bundle, 'pid'), ...console, ...flags, id], {
    bundle,
    wrapper,
  });
}

function makeTree(number: number): { bundle: string; made: Case } {
  const random: Random = seeded(number);
  // Neighbours differ from the first number on.
  for (let skip = 0; skip < 5; skip += 1) random();
  const bundle = join(temp, `tree-${number}`);
  const sources: Sources = {
    volume: join(bundle, 'volume'),
    canary: canary.directory,
    canaryFile: canary.file,
  };
  for (const name of ['rootfs', 'volume']) {
    mkdirSync(join(bundle, name), { recursive: true });
    growTree(join(bundle, name), random, canary);
  }
  const program = join(temp, 'program');
  if (!existsSync(program)) copyFileSync('/bin/busybox', program);
  linkSync(program, join(bundle, 'rootfs/program'));
  const made = hostileCase(random, sources);
  writeConfig(bundle, made.config);
  return { bundle, made };
}

function changes(before: string[], after: string[]): string[] {
  const made = after.filter((line) => !before.includes(line)).map((line) => `outside, now: ${line}`);
  return [...made, ...before.filter((line) => !after.includes(line)).map((line) => `no more: ${line}`)];
}

/** Makes one tree and a container of it; what is wrong with what came of it, and whether it ran. */
function attempt(number: number, before: string[]): { wrong: string[]; ran: boolean } {
  const { bundle, made } = makeTree(number);
  const id = newId();
  const result = create(id, bundle, made);
  const wrong = judge(id, bundle, made, result);
  const after = outside();
  wrong.push(...changes(before, after));
  if (made.isShared) {
    const [one = [], two = []] = [1, 2].map((which) =>
      readFileSync(join(bundle, `mounts.${which}`), 'utf8').split('\n'),
    );
    wrong.push(...changes(one, two));
  }
  if (wrong.length === 0) rmSync(bundle, { recursive: true, force: true });
  return { wrong, ran: result.status === 0 };
}

const what = COUNT === 1 ? `tree ${FIRST}` : `trees ${FIRST} to ${FIRST + COUNT - 1}`;
// Not tried on another runtime: it is the host that would be hit.
t.test(what, { timeout: 7_200_000, ...only('trunc') }, async (t) => {
  const before = outside();
  let ran = 0;
  for (let number = FIRST; number < FIRST + COUNT; number += 1) {
    const result = attempt(number, before);
    if (result.ran) ran += 1;
    if (result.wrong.length > 0) t.fail(`tree ${number}: ${result.wrong.join('; ')}`);
    if (number % LOOK_EVERY !== 0) continue;
    const left = leftovers();
    if (left.length > 0) t.fail(`by tree ${number}: ${left.join('; ')}`);
  }
  if (COUNT > 1) t.ok(ran > COUNT / 10 && ran < COUNT, `${ran} of ${COUNT} are created`);
});

t.test('nothing is left', nothingLeft);
