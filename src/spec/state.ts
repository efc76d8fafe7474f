import type { Document } from './config.ts';
import type { State, Status } from './generated/state.ts';

export type { State, Status } from './generated/state.ts';

/** The version of the runtime specification that trunc implements. */
export const OCI_VERSION = '1.3.0';

/** What the state of a container is made of. */
export interface StateSource {
  id: string;
  bundle: string;
  annotations: Document['annotations'];
  /** As its reader sees it; 0 when the container has stopped. */
  pid: number;
}

/** The state document of the specification. */
export function stateDocument(status: Status, { id, bundle, annotations, pid }: StateSource): State {
  return {
    ociVersion: OCI_VERSION,
    id,
    status,
    pid,
    bundle,
    ...(annotations === undefined ? {} : { annotations }),
  };
}
