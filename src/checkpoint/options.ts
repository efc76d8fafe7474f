// Pure.
import { CLONE_NEW } from '../linux/namespace.ts';
import type { Document } from '../spec/config.ts';
import { CGROUP_MODES, type CgroupMode, type CriuOptions, DEFAULT_CGROUP_MODE } from './messages.ts';

/** What both commands are asked for. Paths are absolute. */
export interface CriuFlags {
  imagePath: string;
  /** For logs and the like; the directory of the image when absent. */
  workPath: string | undefined;
  tcpEstablished: boolean;
  extUnixSk: boolean;
  shellJob: boolean;
  fileLocks: boolean;
  lazyPages: boolean;
  autoDedup: boolean;
  /** criu's own choice when absent. */
  manageCgroupsMode: CgroupMode | undefined;
}

export interface DumpFlags extends CriuFlags {
  /** Of an earlier image, relative to this one. */
  parentPath: string | undefined;
  leaveRunning: boolean;
  tcpSkipInFlight: boolean;
  linkRemap: boolean;
  pageServer: { address: string; port: number } | undefined;
  /** A descriptor that gets a zero byte when pages can be asked for. */
  statusFd: number | undefined;
  preDump: boolean;
}

export interface RestoreFlags extends CriuFlags {
  /** Open connections of TCP, which the image has, are closed ones. */
  tcpClose: boolean;
  lsmProfile: string | undefined;
  lsmMountContext: string | undefined;
}

/** What is the same for a dump and a restore. Descriptors are those of this process. */
interface Place {
  imagesFd: number;
  workFd: number | undefined;
  configFile: string | undefined;
  /** What exists outside of the container, as criu's --external has it. */
  external: string[];
}

export interface DumpPlace extends Place {
  pid: number;
  rootfs: string;
  /** The directory of the cgroup that can be frozen. */
  freezer: string | undefined;
}

export interface RestorePlace extends Place {
  /** Where the rootfs is mounted. */
  root: string;
  cgroupRoots: NonNullable<CriuOptions['cg_root']>;
  joined: NonNullable<CriuOptions['join_ns']>;
  inherited: NonNullable<CriuOptions['inherit_fd']>;
}

export const DUMP_LOG = 'dump.log';
export const RESTORE_LOG = 'restore.log';
/** Everything but what only criu's authors read. */
const LOG_LEVEL = 4;

/** What `checkpoint` asks of criu. */
export function dumpOptions(flags: DumpFlags, place: DumpPlace): CriuOptions {
  return {
    ...commonOptions(flags, place),
    log_file: DUMP_LOG,
    pid: place.pid,
    root: place.rootfs,
    freeze_cgroup: place.freezer,
    leave_running: flags.leaveRunning,
    tcp_skip_in_flight: flags.tcpSkipInFlight,
    link_remap: flags.linkRemap,
    ps: flags.pageServer,
    parent_img: flags.parentPath,
    // The next dump can then leave out what has not changed since this one.
    track_mem: flags.preDump || flags.parentPath !== undefined ? true : undefined,
  };
}

/** What `restore` asks of criu. */
export function restoreOptions(flags: RestoreFlags, place: RestorePlace): CriuOptions {
  return {
    ...commonOptions(flags, place),
    log_file: RESTORE_LOG,
    root: place.root,
    evasive_devices: true,
    // The container's first process is then a child of this one.
    rst_sibling: true,
    cg_root: place.cgroupRoots,
    join_ns: place.joined,
    inherit_fd: place.inherited,
    tcp_close: flags.tcpClose,
    lsm_profile: flags.lsmProfile,
    lsm_mount_context: flags.lsmMountContext,
  };
}

function commonOptions(flags: CriuFlags, place: Place): CriuOptions {
  const { manageCgroupsMode: mode } = flags;
  return {
    images_dir_fd: place.imagesFd,
    work_dir_fd: place.workFd,
    log_level: LOG_LEVEL,
    notify_scripts: true,
    manage_cgroups: true,
    manage_cgroups_mode: mode === undefined ? DEFAULT_CGROUP_MODE : CGROUP_MODES[mode],
    ext_unix_sk: flags.extUnixSk,
    tcp_established: flags.tcpEstablished,
    shell_job: flags.shellJob,
    file_locks: flags.fileLocks,
    lazy_pages: flags.lazyPages,
    auto_dedup: flags.autoDedup,
    // The devices of a network namespace are the business of whoever has put them there.
    empty_ns: CLONE_NEW.net,
    // The other end of the container's terminal is not in the container.
    orphan_pts_master: true,
    config_file: place.configFile,
    external: place.external,
  };
}

export const CONFIG_ANNOTATION = 'org.criu.config';

/** A file with more options for criu: what the annotation names, none if that is empty, else the first of these that exists. */
export function configFile(
  { annotations }: Pick<Document, 'annotations'>,
  exists: (path: string) => boolean,
): string | undefined {
  const annotated = annotations?.[CONFIG_ANNOTATION];
  if (annotated !== undefined) return annotated === '' ? undefined : annotated;
  return ['/etc/criu/trunc.conf', '/etc/criu/runc.conf'].find(exists);
}
