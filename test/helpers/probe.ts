import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId, temp } from './sandbox.ts';

/** A system call: how it is made, its number and up to six arguments. */
export interface Call {
  /** `int80` is that of 32-bit programs, with their numbers. */
  how?: 'syscall' | 'int80';
  number: number;
  args?: (number | bigint)[];
}

/** What came of one. */
export interface Outcome {
  /** Its result, such as -1 for EPERM; undefined when it did not return. */
  result: number | undefined;
  /** The signal that it was killed by, or 0. */
  signal: number;
}

const BASE = 0x400000;
const HEADERS = 64 + 56;
const SLOT = 16;
/** Where the results go: the program finds an open file there. */
const RESULTS_FD = 3;

// Opcodes of `mov REGISTER, imm64`, in the order of arguments; Source: the x86-64 ABIs in syscall(2).
const RAX = [0x48, 0xb8];
const ARGUMENTS = {
  syscall: [
    [0x48, 0xbf],
    [0x48, 0xbe],
    [0x48, 0xba],
    [0x49, 0xba],
    [0x49, 0xb8],
    [0x49, 0xb9],
  ],
  int80: [
    [0x48, 0xbb],
    [0x48, 0xb9],
    [0x48, 0xba],
    [0x48, 0xbe],
    [0x48, 0xbf],
    [0x48, 0xbd],
  ],
};
const INSTRUCTION = { syscall: [0x0f, 0x05], int80: [0xcd, 0x80] };
const VFORK = 58;
const WAIT4 = 61;
const WRITE = 1;
const EXIT_GROUP = 231;

function imm64(value: number | bigint): number[] {
  return [...new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, BigInt(value))).buffer)];
}

function call({ how = 'syscall', number, args = [] }: Call): number[] {
  const moves = args.flatMap((value, index) => [...(ARGUMENTS[how][index] as number[]), ...imm64(value)]);
  return [...moves, ...RAX, ...imm64(number), ...INSTRUCTION[how]];
}

/** `mov [address], rax`. */
const store = (address: number): number[] => [0x48, 0xa3, ...imm64(address)];

/** In a child that shares the memory: the call, its result, the end. The parent waits, and notes how it ended. */
function guarded(probe: Call, slot: number): number[] {
  const child = [...call(probe), ...store(slot), ...call({ number: EXIT_GROUP, args: [0] })];
  const jump = [0x0f, 0x85, ...new Uint8Array(Int32Array.of(child.length).buffer)];
  const wait = call({ number: WAIT4, args: [0, slot + 8, 0, 0] });
  // The first argument is the child: `mov rdi, rax` in the place of the first move.
  wait.splice(0, 10, 0x48, 0x89, 0xc7);
  return [...call({ number: VFORK }), 0x48, 0x85, 0xc0, ...jump, ...child, ...wait];
}

/**
 * An x86-64 program that makes each of the calls in a process of its own, writes what came of them to RESULTS_FD, and
 * ends. For itself it needs execve, vfork, wait4, write and exit_group.
 */
function makeProbe(calls: readonly Call[]): Buffer {
  const results = BASE + 0x400000;
  const code = [
    ...calls.flatMap((probe, index) => guarded(probe, results + SLOT * index)),
    ...call({ number: WRITE, args: [RESULTS_FD, results, SLOT * calls.length] }),
    ...call({ number: EXIT_GROUP, args: [0] }),
  ];
  const elf = Buffer.alloc(HEADERS + code.length);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.writeUInt16LE(2, 16); // ET_EXEC
  elf.writeUInt16LE(62, 18); // EM_X86_64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(BASE + HEADERS), 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // PT_LOAD
  elf.writeUInt32LE(7, 68); // readable, writable, executable
  elf.writeBigUInt64LE(BigInt(BASE), 80);
  elf.writeBigUInt64LE(BigInt(BASE), 88);
  elf.writeBigUInt64LE(BigInt(elf.length), 96);
  elf.writeBigUInt64LE(BigInt(0x400000 + SLOT * calls.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  elf.set(code, HEADERS);
  return elf;
}

/** Puts a probe into a rootfs, as /probe. */
export function putProbe(bundle: string, calls: readonly Call[]): void {
  const path = join(bundle, 'rootfs/probe');
  writeFileSync(path, makeProbe(calls));
  chmodSync(path, 0o755);
}

/** Has `runProbe` run a program with RESULTS_FD open; returns what it wrote there, or undefined if that is nothing. */
export function outcomes(runProbe: (fd: number) => void): Outcome[] | undefined {
  const path = join(temp, newId());
  const fd = openSync(path, 'w');
  try {
    runProbe(fd);
  } finally {
    closeSync(fd);
  }
  const bytes = readFileSync(path);
  if (bytes.length === 0) return undefined;
  return Array.from({ length: bytes.length / SLOT }, (_, index) => {
    const result = bytes.readBigInt64LE(SLOT * index);
    const status = bytes.readInt32LE(SLOT * index + 8);
    return { result: status === 0 ? Number(result) : undefined, signal: status & 0x7f };
  });
}
