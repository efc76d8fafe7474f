// Pure.

// linux.resources.rdma: the same file and values as in version 1.
export { rdma } from '../v1/rdma.ts';
