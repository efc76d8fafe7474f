// Pure.
import type { Message } from './wire.ts';

// What criu's messages are made of, as far as it is used here. Source: rpc.proto of criu 3.17.

const cgroupRoot = { ctrl: [1, 'string'], path: [2, 'string'] } as const;
const inheritedFd = { key: [1, 'string'], fd: [2, 'int'] } as const;
const joinedNamespace = { ns: [1, 'string'], ns_file: [2, 'string'] } as const;
const pageServer = { address: [1, 'string'], port: [2, 'int'] } as const;
const features = { mem_track: [1, 'bool'], lazy_pages: [2, 'bool'] } as const;

const options = {
  images_dir_fd: [1, 'int'],
  pid: [2, 'int'],
  leave_running: [3, 'bool'],
  ext_unix_sk: [4, 'bool'],
  tcp_established: [5, 'bool'],
  evasive_devices: [6, 'bool'],
  shell_job: [7, 'bool'],
  file_locks: [8, 'bool'],
  log_level: [9, 'int'],
  log_file: [10, 'string'],
  ps: [11, pageServer],
  notify_scripts: [12, 'bool'],
  root: [13, 'string'],
  parent_img: [14, 'string'],
  track_mem: [15, 'bool'],
  auto_dedup: [16, 'bool'],
  work_dir_fd: [17, 'int'],
  link_remap: [18, 'bool'],
  manage_cgroups: [24, 'bool'],
  cg_root: [25, [cgroupRoot]],
  rst_sibling: [26, 'bool'],
  inherit_fd: [27, [inheritedFd]],
  manage_cgroups_mode: [34, 'int'],
  external: [37, ['string']],
  empty_ns: [38, 'int'],
  join_ns: [39, [joinedNamespace]],
  freeze_cgroup: [44, 'string'],
  tcp_skip_in_flight: [46, 'bool'],
  lazy_pages: [48, 'bool'],
  orphan_pts_master: [50, 'bool'],
  config_file: [51, 'string'],
  tcp_close: [52, 'bool'],
  lsm_profile: [53, 'string'],
  lsm_mount_context: [63, 'string'],
} as const;

/** `type` is one of REQUEST. */
export const requestFields = {
  type: [1, 'int'],
  opts: [2, options],
  notify_success: [3, 'bool'],
  features: [5, features],
} as const;

export const responseFields = {
  type: [1, 'int'],
  success: [2, 'bool'],
  restore: [4, { pid: [1, 'int'] }],
  notify: [5, { script: [1, 'string'], pid: [2, 'int'] }],
  cr_errno: [7, 'int'],
  features: [8, features],
  cr_errmsg: [9, 'string'],
  version: [
    10,
    { major_number: [1, 'int'], minor_number: [2, 'int'], gitid: [3, 'string'], sublevel: [4, 'int'] },
  ],
} as const;

export type CriuOptions = Message<typeof options>;
export type CriuFeatures = Message<typeof features>;
export type CriuRequest = Message<typeof requestFields>;
export type CriuResponse = Message<typeof responseFields>;

export const REQUEST = {
  DUMP: 1,
  RESTORE: 2,
  PRE_DUMP: 4,
  NOTIFY: 6,
  FEATURE_CHECK: 9,
  VERSION: 10,
} as const;

/** What criu does about cgroups, by the words of --manage-cgroups-mode. */
export const CGROUP_MODES = { ignore: 0, soft: 3, full: 4, strict: 5 } as const;
export type CgroupMode = keyof typeof CGROUP_MODES;
/** criu's own choice. */
export const DEFAULT_CGROUP_MODE = 6;
