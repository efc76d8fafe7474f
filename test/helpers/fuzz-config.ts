// biome-ignore-all lint/suspicious/noExplicitAny: these documents may have anything anywhere
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { baseConfig } from './bundle.ts';
import { newId, tag } from './sandbox.ts';

const HOOK = { path: '/bin/true', args: ['true', 'x'], env: ['A=b'], timeout: 5 };
const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

/** With as much of the specification in it as works together on any machine. */
export function richConfig(): any {
  const config: any = baseConfig();
  config.ociVersion = '1.3.0';
  config.root.readonly = true;
  config.hostname = 'fuzz';
  config.domainname = 'example.org';
  config.annotations = { 'org.example.a': 'b' };
  config.hooks = {
    createRuntime: [HOOK],
    createContainer: [HOOK],
    startContainer: [HOOK],
    poststart: [HOOK],
    poststop: [HOOK],
  };
  config.mounts.push(
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'mode=1777', 'size=64k', 'tmpcopyup'],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['noexec'] },
    { destination: '/tmp', type: 'bind', source: 'source', options: ['rbind', 'ro', 'rprivate', 'rnosuid'] },
    { destination: '/root/new', source: 'source', options: ['bind', 'nodev'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] },
  );
  Object.assign(config.process.capabilities, { inheritable: ['CAP_KILL'], ambient: ['CAP_KILL'] });
  Object.assign(config.process, {
    consoleSize: { height: 24, width: 80 },
    user: { uid: 1000, gid: 1000, umask: 18, additionalGids: [5] },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 512, hard: 1024 }],
    noNewPrivileges: true,
    oomScoreAdj: 500,
    scheduler: { policy: 'SCHED_BATCH', nice: 5, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
    ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 6 },
    execCPUAffinity: { initial: '0', final: '0' },
  });
  Object.assign(config.linux, {
    devices: [
      { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0 },
      { path: '/dev/pipe', type: 'p', fileMode: 384 },
    ],
    resources: {
      devices: [{ allow: false, access: 'rwm' }],
      memory: { limit: 1e9, reservation: 5e8 },
      cpu: { shares: 512, quota: 50_000, period: 100_000 },
      pids: { limit: 100 },
      unified: {},
    },
    rootfsPropagation: 'slave',
    maskedPaths: ['/proc/kcore', '/sys/firmware'],
    readonlyPaths: ['/proc/sys'],
    sysctl: { 'net.ipv4.ip_forward': '1', 'kernel.msgmax': '65536' },
    seccomp: {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
      syscalls: [{ names: ['chroot', 'nosuchcall'], action: 'SCMP_ACT_ERRNO', errnoRet: 1, args: [] }],
    },
    personality: { domain: 'LINUX' },
    memoryPolicy: { mode: 'MPOL_PREFERRED', nodes: '0' },
  });
  return config;
}

/** In a user namespace and a time namespace of its own; less of everything else. */
export function mappedConfig(): any {
  const config: any = baseConfig();
  config.linux.namespaces.push({ type: 'user' }, { type: 'time' });
  config.linux.uidMappings = map;
  config.linux.gidMappings = map;
  config.linux.timeOffsets = { monotonic: { secs: 100, nanosecs: 5 }, boottime: { secs: 200 } };
  config.linux.sysctl = { 'user.max_pid_namespaces': '5' };
  return config;
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');

function list(value: unknown): any[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}

/** A path that is there, on the host, is replaced, unless it is the one that is meant for it. */
function tamePath(holder: any, key: string, bundle: string, own: string): void {
  const path = holder?.[key];
  if (!isText(path)) return;
  const absolute = resolve(bundle, path);
  if (absolute !== resolve(bundle, own) && existsSync(absolute)) holder[key] = own;
}

/**
 * Takes from a mutated config what could harm the machine it is created on: the root and the sources of mounts stay in
 * the bundle, programs of hooks are /bin/true, the cgroup is one of this test, no filesystem is mounted anew. For the
 * rest, whoever creates it is in namespaces of its own.
 */
export function tame(config: any, bundle: string): void {
  mkdirSync(join(bundle, 'source'), { recursive: true });
  tamePath(config.root, 'path', bundle, 'rootfs');
  for (const mount of list(config.mounts)) {
    tamePath(mount, 'source', bundle, 'source');
    if (Array.isArray(mount.options))
      mount.options = mount.options.filter((option: unknown) => option !== 'remount');
  }
  for (const kind of Object.values(config.hooks ?? {})) {
    for (const hook of list(kind)) tamePath(hook, 'path', bundle, HOOK.path);
  }
  for (const namespace of list(config.linux?.namespaces))
    tamePath(namespace, 'path', bundle, '/no/namespace');
  const path = config.linux?.cgroupsPath;
  if (isText(path) && !path.split('/').includes('..')) config.linux.cgroupsPath = `/${tag}/${newId()}`;
}
