// Pure.

// linux.resources.pids: the same file and values as in version 1.
export { pids } from '../v1/pids.ts';
