export type { State, Status } from './generated/state.ts';

/** The version of the runtime specification that trunc implements. */
export const OCI_VERSION = '1.3.0';
