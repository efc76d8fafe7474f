/** The machine's root disk: a Debian with systemd and the runtimes to compare with, its kernel and its initial ramdisk. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { at, runQuietly, say } from '../scripts/project.mjs';

const SUITE = 'bookworm';
const DISK_SIZE = 4 * 2 ** 30;
const PACKAGES = [
  ...['linux-image-amd64', 'systemd', 'systemd-sysv', 'udev', 'dbus', 'kmod', 'libseccomp2', 'libstdc++6'],
  ...[
    'runc',
    'crun',
    'criu',
    'apparmor',
    'busybox-static',
    'dbus-user-session',
    'libpam-systemd',
    'passwd',
    'e2fsprogs',
    'iproute2',
    // criu's way to let no packet through while it looks.
    'iptables',
    'jq',
    'procps',
    'strace',
    'uidmap',
  ],
];
const ENGINES = [
  ...['docker.io', 'containerd', 'podman', 'conmon', 'netavark', 'aardvark-dns', 'catatonit', 'tini', 'curl'],
  // Podman stores a checkpoint in it.
  'zstd',
];
/** What each image has: most tests need no engines. */
const IMAGES = { usual: PACKAGES, engines: [...PACKAGES, ...ENGINES] };
/** What would run beside the tests, at times of its own. */
const MASKED = [
  ...['getty.target', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'fstrim.timer'],
  ...['e2scrub_all.timer', 'e2scrub_reap.service'],
];
/** What tests start themselves. Debian's profiles of AppArmor are not wanted. */
const DISABLED = /^(apparmor|containerd|docker|podman)\b/;
const BOOT_MODULES = ['virtio_pci', 'virtio_blk', 'ext4'];
const MODULES = ['overlay', 'loop', 'fuse', 'tun'];
const UNIT = `[Unit]
Requires=dev-virtio\\x2dports-trunc.device
After=multi-user.target dev-virtio\\x2dports-trunc.device

[Service]
ExecStart=/usr/local/sbin/trunc-vm
Delegate=yes
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;

/** Where images and snapshots are kept: TRUNC_VM_CACHE, or below XDG_CACHE_HOME, or /var/cache. */
export const cache =
  process.env.TRUNC_VM_CACHE || join(process.env.XDG_CACHE_HOME || '/var/cache', 'trunc-vm');

/** A short name for what was made from `parts`. */
export function digest(...parts) {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);
}

/** The directory of an image as this version of the project wants it; snapshots of its machine are in there, too. */
function imageDirectory(name) {
  const sources = ['image.mjs', 'guest/init', 'guest/runner'].map((file) => at('test/vm', file));
  return join(cache, `image-${digest(name, ...sources.map((file) => readFileSync(file, 'utf8')))}`);
}

/** Makes a directory under another name first, so that it is there wholly or not at all. */
export async function makeDirectory(path, make) {
  const building = join(cache, `building-${process.pid}`);
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  try {
    await make(building);
    // Where another process was faster, its directory is as good.
    if (!existsSync(path)) renameSync(building, path);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** The Debian mirror that apt uses, where it knows one for the suite. */
function mirror() {
  if (process.env.TRUNC_VM_MIRROR) return process.env.TRUNC_VM_MIRROR;
  const { stdout } = spawnSync(
    'apt-get',
    ['indextargets', '--format', '$(CODENAME) $(COMPONENT) $(SITE)', 'Created-By: Packages'],
    { encoding: 'utf8' },
  );
  const found = new RegExp(`^${SUITE} main (.*)$`, 'm').exec(stdout ?? '');
  return found?.[1] ?? 'http://deb.debian.org/debian';
}

function makeRoot(root, packages) {
  const options = ['--variant=minbase', `--include=${packages.join(',')}`, SUITE, root, mirror()];
  // In a mount namespace of its own, so that nothing stays mounted. The kernel's package is to make no initial ramdisk.
  const isolated = ['--mount', '--propagation=private', '--', 'debootstrap', ...options];
  runQuietly('unshare', isolated, { env: { ...process.env, INITRD: 'No' }, maxBuffer: 2 ** 26 });
  for (const path of [
    'var/cache/apt',
    'var/lib/apt/lists',
    'usr/share/doc',
    'usr/share/man',
    'usr/share/locale',
  ])
    rmSync(join(root, path), { recursive: true, force: true });
}

/** Turns a fresh Debian into the machine. */
function configure(root) {
  const write = (path, text) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('etc/hostname', 'trunc-vm\n');
  write('etc/resolv.conf', '');
  write('etc/systemd/journald.conf.d/volatile.conf', '[Journal]\nStorage=volatile\n');
  // An emulated machine of a busy host can need minutes for its devices.
  write('etc/systemd/system.conf.d/patient.conf', '[Manager]\nDefaultDeviceTimeoutSec=900\n');
  write('etc/modules-load.d/trunc.conf', `${MODULES.join('\n')}\n`);
  write('etc/systemd/system/trunc-vm.service', UNIT);
  copyFileSync(at('test/vm/guest/runner'), join(root, 'usr/local/sbin/trunc-vm'));
  chmodSync(join(root, 'usr/local/sbin/trunc-vm'), 0o755);
  rmSync(join(root, 'etc/machine-id'), { force: true });
  const inside = (...command) => runQuietly('chroot', [root, ...command]);
  inside('systemd-machine-id-setup');
  inside('systemctl', '--quiet', 'enable', 'trunc-vm.service');
  const units = readdirSync(join(root, 'lib/systemd/system')).filter((unit) => DISABLED.test(unit));
  inside('systemctl', '--quiet', 'disable', ...units);
  inside('systemctl', '--quiet', 'mask', ...MASKED);
}

/** busybox, our init, and the modules in the order in which they load. */
function makeRamdisk(root, directory, file) {
  for (const name of ['bin', 'modules', 'dev', 'root']) mkdirSync(join(directory, name), { recursive: true });
  copyFileSync(join(root, 'bin/busybox'), join(directory, 'bin/busybox'));
  copyFileSync(at('test/vm/guest/init'), join(directory, 'init'));
  chmodSync(join(directory, 'init'), 0o755);
  const version = readdirSync(join(root, 'usr/lib/modules'))[0];
  const lines = BOOT_MODULES.map((name) =>
    runQuietly('chroot', [root, 'modprobe', '--set-version', version, '--show-depends', name]),
  );
  const paths = new Set(lines.join('').match(/(?<=^insmod )\S+/gm));
  for (const path of paths) copyFileSync(join(root, path), join(directory, 'modules', basename(path)));
  writeFileSync(join(directory, 'modules/order'), [...paths].map((path) => `${basename(path)}\n`).join(''));
  runQuietly('sh', ['-c', 'find . | cpio --quiet -o -H newc >"$0"', file], { cwd: directory });
  copyFileSync(join(root, `boot/vmlinuz-${version}`), join(file, '../kernel'));
}

/** An ext4 image of `size` bytes, most of them a hole, that holds the files of `directory`. */
export function makeDisk(file, size, directory) {
  writeFileSync(file, '');
  truncateSync(file, size);
  runQuietly('mke2fs', ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=1', '-d', directory, file]);
}

function build(directory, name) {
  const start = performance.now();
  say(`vm: making an image of Debian ${SUITE} (${name}) in ${cache}, once`);
  const root = join(directory, 'root');
  makeRoot(root, IMAGES[name]);
  configure(root);
  makeRamdisk(root, join(directory, 'ramdisk'), join(directory, 'initrd'));
  makeDisk(join(directory, 'disk'), DISK_SIZE, root);
  for (const name of ['root', 'ramdisk']) rmSync(join(directory, name), { recursive: true });
  const size = (statSync(join(directory, 'disk')).blocks * 512) / 1e6;
  say(`vm: image of ${size.toFixed(0)} MB in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

/** Removes what other versions of the project have made, and what was not finished. Who uses it has it open. */
function tidy() {
  const current = Object.keys(IMAGES).map((name) => basename(imageDirectory(name)));
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    const pid = /^building-(\d+)$/.exec(name)?.[1];
    const others = /^(image|snapshot)-/.test(name) && !current.includes(name);
    if (pid === undefined ? others : !existsSync(`/proc/${pid}`))
      rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** The directory of the image of this name, which is made if it is not there. */
export async function ensureImage(name) {
  const path = imageDirectory(name);
  if (existsSync(path)) return path;
  tidy();
  await makeDirectory(path, (directory) => build(directory, name));
  return path;
}
