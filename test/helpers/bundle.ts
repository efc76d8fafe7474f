import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Resources, Seccomp } from '../../src/spec/config.ts';
import { newId, tag, temp } from './sandbox.ts';

/** The parts of config.json that tests change; anything else is set through `Object.assign`. */
export interface Config {
  ociVersion: string;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  annotations?: Record<string, string>;
  mounts: Mount[];
  hooks?: Partial<Record<HookKind, Hook[]>>;
  process: {
    terminal?: boolean;
    args: string[];
    cwd: string;
    env: string[];
    user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
    capabilities?: Partial<Record<CapabilitySet, string[]>>;
    rlimits?: { type: string; soft: number; hard: number }[];
    noNewPrivileges?: boolean;
    oomScoreAdj?: number;
  };
  linux: {
    namespaces: { type: string; path?: string }[];
    uidMappings?: IdMapping[];
    gidMappings?: IdMapping[];
    timeOffsets?: Record<string, { secs?: number; nanosecs?: number }>;
    cgroupsPath?: string;
    resources?: Resources;
    devices?: Device[];
    sysctl?: Record<string, string>;
    rootfsPropagation?: string;
    maskedPaths?: string[];
    readonlyPaths?: string[];
    seccomp?: Seccomp;
  };
}
export type HookKind =
  | 'prestart'
  | 'createRuntime'
  | 'createContainer'
  | 'startContainer'
  | 'poststart'
  | 'poststop';
export interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}
export type CapabilitySet = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';
export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}
export interface Device {
  type: string;
  path: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}
export type { Resources };
/** Changes a fresh config in place. */
export type Change = (config: Config) => void;

const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'MKNOD', 'SETGID', 'SETPCAP', 'SETUID'];
const APPLETS =
  'sh ash cat chmod chown cp cut date dd df echo env false find grep head hostname id ifconfig ip ipcs kill ln ls mkdir ' +
  'mkfifo mknod mount mv nc nproc nsenter od ps pwd readlink realpath rm rmdir sed seq setsid sha256sum sleep sort stat ' +
  'tail test timeout touch tr true uname umount unlink unshare uptime wc which xxd yes';

/** The smallest everyday config: a program, six new namespaces, the usual mounts, nothing optional. */
export function baseConfig(): Config {
  const capabilities = CAPABILITIES.map((name) => `CAP_${name}`);
  return {
    ociVersion: '1.0.2',
    root: { path: 'rootfs' },
    process: {
      terminal: false,
      args: ['/bin/true'],
      cwd: '/',
      env: ['PATH=/bin'],
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network', 'cgroup'].map((type) => ({ type })),
      cgroupsPath: `/${tag}/${newId()}`,
    },
  };
}

/** Fills `dir` with a busybox userland; the binary is this file's own copy, so that a test may spoil it. */
export function makeRootfs(dir: string): void {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root'])
    mkdirSync(join(dir, name), { recursive: true });
  chmodSync(join(dir, 'tmp'), 0o1777);
  const busybox = join(temp, 'busybox');
  if (!existsSync(busybox)) copyFileSync('/bin/busybox', busybox);
  linkSync(busybox, join(dir, 'bin/busybox'));
  for (const applet of APPLETS.split(' ')) symlinkSync('busybox', join(dir, 'bin', applet));
  writeFileSync(
    join(dir, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n',
  );
  writeFileSync(join(dir, 'etc/group'), 'root:x:0:\nuser:x:1000:\n');
}

/** Makes a bundle with the base config as changed by `change`; returns its directory. */
export function makeBundle(change: Change = () => {}): string {
  const dir = join(temp, `bundle-${newId()}`);
  makeRootfs(join(dir, 'rootfs'));
  const config = baseConfig();
  change(config);
  writeConfig(dir, config);
  return dir;
}

/** Writes config.json; `config` may be anything, so that broken ones can be tested. */
export function writeConfig(bundle: string, config: unknown): void {
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config, null, 2));
}

/** Reads config.json back. */
export function readConfig(bundle: string): Config {
  return JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
}

/** For a Change: takes the namespace `type` out of the list. */
export function withoutNamespace(config: Config, type: string): void {
  config.linux.namespaces = config.linux.namespaces.filter((namespace) => namespace.type !== type);
}

/** For a Change: a new user namespace in which root is `hostID` outside. */
export function withUserNamespace(config: Config, hostID = 100_000, size = 65_536): void {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = [{ containerID: 0, hostID, size }];
  config.linux.gidMappings = [{ containerID: 0, hostID, size }];
}
