/**
 * Installs what is missing: npm packages by package-lock.json, and the Debian packages named as arguments.
 * Usage: node test/scripts/setup.mjs [PACKAGE...]. Doing it twice changes nothing.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { at, run, runQuietly, say, stop } from './project.mjs';

/** Debian packages whose program has another name. */
const PROGRAMS = {
  'busybox-static': 'busybox',
  'docker.io': 'dockerd',
  e2fsprogs: 'mke2fs',
  iproute2: 'ip',
  'man-db': 'man',
  procps: 'ps',
  'containernetworking-plugins': '../lib/cni/bridge',
  netavark: '../lib/podman/netavark',
  'qemu-system-x86': 'qemu-system-x86_64',
  uidmap: 'newuidmap',
  'util-linux': 'setpriv',
};

/** The path of a program, or undefined. */
export function findProgram(name) {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return places.map((place) => join(place, name)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function checkMachine() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    stop(
      `Node.js 20.19 or newer is needed, this is ${process.versions.node} (Debian 13 has 20; for Debian 12 see https://deb.nodesource.com)`,
    );
  if (process.platform !== 'linux') stop(`Linux is needed, this is ${process.platform}`);
  if (process.report.getReport().header.glibcVersionRuntime === undefined)
    stop('a Linux with glibc is needed (Debian, Ubuntu, Fedora …), this one has another C library');
}

/** Whether node_modules holds exactly what package-lock.json asks for, as far as it is for this machine. */
function isInstalled() {
  const packages = (file) => JSON.parse(readFileSync(at(file), 'utf8')).packages;
  try {
    const installed = packages('node_modules/.package-lock.json');
    const { '': _, ...wanted } = packages('package-lock.json');
    return (
      Object.keys(installed).every((path) => path in wanted) &&
      Object.entries(wanted).every(([path, { version, optional }]) =>
        path in installed ? installed[path].version === version : optional === true,
      )
    );
  } catch {
    return false;
  }
}

/** node_modules as package-lock.json has it. */
export function installNpmPackages() {
  checkMachine();
  if (isInstalled()) return;
  say('setup: npm ci');
  // No package of ours needs its install script; koffi's would look for a compiler.
  if (!run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']))
    stop('npm ci failed: is npm installed, and its registry reachable?');
}

/** The rootfs of a test holds nothing but this program, so one with shared libraries would not start there. */
function isThere(name) {
  const path = findProgram(PROGRAMS[name] ?? name);
  if (path === undefined || !name.endsWith('-static')) return path !== undefined;
  return !readFileSync(path).subarray(0, 4096).includes('/ld-');
}

/** Debian packages, each told by its program. */
export function installDebianPackages(names) {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return;
  const list = missing.join(' ');
  if (!findProgram('apt-get'))
    stop(`missing: ${list}; there is no apt-get here, so please install them yourself`);
  if (process.getuid() !== 0) stop(`missing: ${list}; run this as root, or: sudo apt-get install ${list}`);
  say(`setup: apt-get install ${list}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  runQuietly('apt-get', ['-q', 'update'], { env });
  runQuietly('apt-get', ['-q', '-y', 'install', '--no-install-recommends', ...missing], { env });
  const still = missing.filter((name) => !isThere(name));
  if (still.length > 0) stop(`installed, but not found on the PATH: ${still.join(' ')}`);
}

export function requireRoot(what) {
  if (process.getuid() !== 0)
    stop(`${what} needs root: containers are made with mounts, cgroups and namespaces`);
}

if (process.argv[1] === import.meta.filename) {
  installNpmPackages();
  installDebianPackages(process.argv.slice(2));
}
