import { OCI_VERSION, type State } from '../spec/state.ts';
import type { ContainerOptions } from './options.ts';
import { statusOf } from './status.ts';
import { type ContainerRecord, readRecord } from './store.ts';

/** The specification's state document and what callers of a runtime read besides. */
export interface StateDocument extends State {
  rootfs: string;
  /** RFC 3339. */
  created: string;
  owner: string;
}

/** The `state` command. */
export function state(options: ContainerOptions): StateDocument {
  return stateOf(options, readRecord(options));
}

/** The state document of a container whose record has been read. */
export function stateOf(options: ContainerOptions, record: ContainerRecord): StateDocument {
  const status = statusOf(options, record);
  const { annotations } = record.config;
  return {
    ociVersion: OCI_VERSION,
    id: record.id,
    pid: status === 'stopped' ? 0 : record.init_process_pid,
    status,
    bundle: record.bundle,
    rootfs: record.rootfs,
    created: record.created,
    ...(annotations === undefined ? {} : { annotations }),
    owner: '',
  };
}
