import type { Linux, Mount, NamespaceType, Process, Spec } from './config.ts';
import { OCI_VERSION } from './state.ts';

export interface ExampleOptions {
  /** For a caller without root's rights: a user namespace in which its own ids are 0. */
  readonly rootless: boolean;
  /** With a cgroup namespace. */
  readonly cgroupns: boolean;
  /** Ids of the caller; used when rootless. */
  readonly euid: number;
  readonly egid: number;
}

function exampleProcess(): Process {
  const capabilities = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
  return {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ['sh'],
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
    cwd: '/',
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  };
}

function mount(destination: string, type: string, source: string, options?: string): Mount {
  return { destination, type, source, ...(options ? { options: options.split(' ') } : {}) };
}

function exampleMounts(rootless: boolean): Mount[] {
  // The group 5 (tty) has no mapping there; and sysfs can be mounted only by who owns the network namespace.
  const pts = `nosuid noexec newinstance ptmxmode=0666 mode=0620${rootless ? '' : ' gid=5'}`;
  return [
    mount('/proc', 'proc', 'proc'),
    mount('/dev', 'tmpfs', 'tmpfs', 'nosuid strictatime mode=755 size=65536k'),
    mount('/dev/pts', 'devpts', 'devpts', pts),
    mount('/dev/shm', 'tmpfs', 'shm', 'nosuid noexec nodev mode=1777 size=65536k'),
    mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid noexec nodev'),
    rootless
      ? mount('/sys', 'none', '/sys', 'rbind nosuid noexec nodev ro')
      : mount('/sys', 'sysfs', 'sysfs', 'nosuid noexec nodev ro'),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'nosuid noexec nodev relatime ro'),
  ];
}

function exampleLinux({ rootless, cgroupns, euid, egid }: ExampleOptions): Linux {
  const types: NamespaceType[] = ['pid', 'ipc', 'uts', 'mount', rootless ? 'user' : 'network'];
  if (cgroupns) types.push('cgroup');
  const kernelFiles = 'acpi asound kcore keys latency_stats timer_list timer_stats sched_debug scsi'.split(
    ' ',
  );
  return {
    ...(rootless
      ? {
          uidMappings: [{ containerID: 0, hostID: euid, size: 1 }],
          gidMappings: [{ containerID: 0, hostID: egid, size: 1 }],
        }
      : { resources: { devices: [{ allow: false, access: 'rwm' }] } }),
    namespaces: types.map((type) => ({ type })),
    maskedPaths: [...kernelFiles.map((name) => `/proc/${name}`), '/sys/firmware'],
    readonlyPaths: ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`),
  };
}

/** The configuration that `trunc spec` writes: a shell on a terminal in the directory rootfs, read-only. */
export function exampleSpec(options: ExampleOptions): Spec {
  return {
    ociVersion: OCI_VERSION,
    process: exampleProcess(),
    root: { path: 'rootfs', readonly: true },
    hostname: 'trunc',
    mounts: exampleMounts(options.rootless),
    linux: exampleLinux(options),
  };
}
