// Pure.

// linux.resources.cpu.cpus and mems: the same files as in version 1. An empty one means "what the parent has" here.
export { cpuset } from '../v1/cpuset.ts';
