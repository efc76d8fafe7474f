import type { RuntimeError } from '../errors.ts';
import { E2BIG, EAGAIN, EINVAL, ENOENT } from './errno.ts';
import { Fd } from './fd.ts';
import { Memory } from './memory.ts';
import { SyscallError, syscall, syscallError, trySyscall } from './syscall.ts';

// Commands, types and flags of bpf(2), and the layout of union bpf_attr. Source: linux/bpf.h.
const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_DETACH = 9;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_PROG_QUERY = 16;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
const BPF_F_ALLOW_MULTI = 2;
const BPF_F_REPLACE = 4;
const ATTRIBUTES = 128;

const LOAD_ATTEMPTS = 5;
const LOG_SIZE = 1 << 16;
const MAX_PROGRAMS = 64;

/** One instruction of eBPF: struct bpf_insn. */
export interface Instruction {
  code: number;
  dst: number;
  src: number;
  off: number;
  imm: number;
}

/**
 * Loads a program that decides on access to devices (Linux 4.15). If the kernel's verifier refuses it, its last words
 * are in the error.
 */
export function loadDeviceProgram(instructions: readonly Instruction[]): Fd {
  const memory = new Memory(8 * instructions.length + LOG_SIZE + 1024);
  const attributes = memory.take(ATTRIBUTES);
  const code = memory.take(8 * instructions.length);
  instructions.forEach((instruction, index) => {
    memory.putLong(code + 8 * index, encode(instruction));
  });
  memory.putInt(attributes, BPF_PROG_TYPE_CGROUP_DEVICE);
  memory.putInt(attributes + 4, instructions.length);
  memory.putLong(attributes + 8, code);
  // It calls no helpers, so that none asks for a licence of its own.
  memory.putLong(attributes + 16, memory.string('Apache-2.0'));

  const loaded = load(attributes);
  if (loaded >= 0) return new Fd(loaded);
  const log = memory.take(LOG_SIZE);
  memory.putInt(attributes + 24, 1);
  memory.putInt(attributes + 28, LOG_SIZE);
  memory.putLong(attributes + 32, log);
  const explained = load(attributes);
  if (explained >= 0) return new Fd(explained);
  throw refused(-loaded, lastLines(memory.text(log)));
}

/** A signal that arrives while the verifier works ends it with EAGAIN. */
function load(attributes: number): number {
  let result = -EAGAIN;
  for (let attempt = 0; attempt < LOAD_ATTEMPTS && result === -EAGAIN; attempt++) {
    result = trySyscall('bpf', BPF_PROG_LOAD, attributes, ATTRIBUTES);
  }
  return result;
}

function encode({ code, dst, src, off, imm }: Instruction): bigint {
  const low = code | (dst << 8) | (src << 12) | ((off & 0xffff) << 16);
  return BigInt(low >>> 0) | (BigInt(imm >>> 0) << 32n);
}

function lastLines(log: string): string {
  return log.trim().split('\n').slice(-3).join('; ');
}

function refused(errno: number, log: string): RuntimeError {
  const { reason, errno: name } = syscallError('bpf', errno);
  return new SyscallError({
    syscall: 'bpf',
    errno: name ?? '',
    reason: log === '' ? reason : `${reason}: the verifier says: ${log}`,
  });
}

/** Attaches a program to the cgroup that `cgroup` is the directory of, beside those that are there: all must allow. */
export function attachDeviceProgram(cgroup: Fd, program: Fd): void {
  syscall('bpf', BPF_PROG_ATTACH, attachment(cgroup, program, BPF_F_ALLOW_MULTI), 16);
}

/**
 * Puts a program in the place of one that is attached: each access is decided by the one or by the other, never by both.
 * False if the kernel does not know how (before 5.6), or the old one is gone.
 */
export function replaceDeviceProgram(cgroup: Fd, old: Fd, program: Fd): boolean {
  const flags = BPF_F_ALLOW_MULTI | BPF_F_REPLACE;
  const attributes = Int32Array.of(cgroup.number, program.number, BPF_CGROUP_DEVICE, flags, old.number);
  const result = trySyscall('bpf', BPF_PROG_ATTACH, new Uint8Array(attributes.buffer), attributes.byteLength);
  if (result >= 0) return true;
  if ([-EINVAL, -E2BIG, -ENOENT].includes(result)) return false;
  throw syscallError('bpf', -result);
}

/** Takes a device program away from a cgroup. */
export function detachDeviceProgram(cgroup: Fd, program: Fd): void {
  syscall('bpf', BPF_PROG_DETACH, attachment(cgroup, program, 0), 16);
}

function attachment(cgroup: Fd, program: Fd, flags: number): Uint8Array {
  return new Uint8Array(Int32Array.of(cgroup.number, program.number, BPF_CGROUP_DEVICE, flags).buffer);
}

/** The device programs that are attached to a cgroup itself, not to those above it. */
export function attachedDevicePrograms(cgroup: Fd): Fd[] {
  const memory = new Memory(4096);
  const attributes = memory.take(ATTRIBUTES);
  const ids = memory.take(4 * MAX_PROGRAMS);
  memory.putInt(attributes, cgroup.number);
  memory.putInt(attributes + 4, BPF_CGROUP_DEVICE);
  memory.putLong(attributes + 16, ids);
  memory.putInt(attributes + 24, MAX_PROGRAMS);
  // Its fields after prog_cnt are younger than this kernel may be.
  syscall('bpf', BPF_PROG_QUERY, attributes, 32);
  const count = memory.getInt(attributes + 24);
  return Array.from({ length: count }, (_, index) => programOf(memory.getInt(ids + 4 * index)));
}

function programOf(id: number): Fd {
  const attributes = new Uint8Array(Int32Array.of(id, 0, 0).buffer);
  return new Fd(syscall('bpf', BPF_PROG_GET_FD_BY_ID, attributes, attributes.length));
}
