/** What the first bytes of a file tell the kernel about how to execute it. */
export type ExecFormat =
  | ElfFormat
  /** The interpreter is empty where the first line names none. */
  | { kind: 'script'; interpreter: string }
  | { kind: 'empty' }
  /** `isText` when it may have been meant as a script. */
  | { kind: 'other'; isText: boolean };

export interface ElfFormat {
  kind: 'elf';
  /** As uname(1) calls it. */
  machine: string;
  /** Not an object file, nor a core. */
  isProgram: boolean;
  segments: SegmentTable;
}

/** Where the program headers of an ELF file lie, and how they are to be read. */
export interface SegmentTable {
  is64: boolean;
  isLittle: boolean;
  offset: number;
  size: number;
  count: number;
}

/** Where a text lies in a file. */
export interface Place {
  offset: number;
  length: number;
}

/** How much of a script the kernel looks at. Source: BINPRM_BUF_SIZE in include/uapi/linux/binfmts.h. */
const SCRIPT_HEAD = 256;
const ELF_MAGIC = '\x7fELF';
const ELF_HEADER_SIZE = { 32: 52, 64: 64 } as const;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_INTERP = 3;

/** Reads the head of a file as execve does. Source: fs/binfmt_script.c and elf(5). */
export function execFormat(head: Buffer): ExecFormat {
  if (head.length === 0) return { kind: 'empty' };
  if (head.toString('latin1', 0, 2) === '#!') return { kind: 'script', interpreter: interpreterIn(head) };
  const isElf = head.toString('latin1', 0, ELF_MAGIC.length) === ELF_MAGIC;
  return (isElf ? elfFormat(head) : undefined) ?? { kind: 'other', isText: !isElf && !head.includes(0) };
}

/** A carriage return at the end of the line belongs to the name. Empty when there is none. */
function interpreterIn(head: Buffer): string {
  const [line = ''] = head.toString('utf8', 2, SCRIPT_HEAD).split('\n');
  return line.replace(/^[ \t]+/, '').split(/[ \t\0]/)[0] as string;
}

function elfFormat(head: Buffer): ElfFormat | undefined {
  const is64 = head[4] === 2;
  const isLittle = head[5] === 1;
  if (head.length < ELF_HEADER_SIZE[is64 ? 64 : 32]) return undefined;
  const read = reader(head, isLittle);
  const type = read(16, 2);
  return {
    kind: 'elf',
    machine: machineName(read(18, 2), is64, isLittle),
    isProgram: type === ET_EXEC || type === ET_DYN,
    segments: {
      is64,
      isLittle,
      offset: is64 ? read(32, 8) : read(28, 4),
      size: read(is64 ? 54 : 42, 2),
      count: read(is64 ? 56 : 44, 2),
    },
  };
}

/** Where the name of the loader lies that an ELF file asks for, without its NUL; undefined when it asks for none. */
export function loaderPlace(bytes: Buffer, { is64, isLittle, size, count }: SegmentTable): Place | undefined {
  const read = reader(bytes, isLittle);
  for (let index = 0; index < count && size * (index + 1) <= bytes.length; index++) {
    const at = size * index;
    if (read(at, 4) !== PT_INTERP) continue;
    const [offset, length] = is64 ? [read(at + 8, 8), read(at + 32, 8)] : [read(at + 4, 4), read(at + 16, 4)];
    return { offset, length: Math.max(0, length - 1) };
  }
  return undefined;
}

/** Unsigned numbers of 2, 4 or 8 bytes; 0 where there is nothing any more. */
function reader(bytes: Buffer, isLittle: boolean): (offset: number, size: 2 | 4 | 8) => number {
  return (offset, size) => {
    if (offset + size > bytes.length) return 0;
    if (size === 8) return Number(isLittle ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset));
    return isLittle ? bytes.readUIntLE(offset, size) : bytes.readUIntBE(offset, size);
  };
}

/** Source: the EM_* values of elf.h. */
function machineName(machine: number, is64: boolean, isLittle: boolean): string {
  const names: Record<number, string> = {
    3: 'i386',
    8: `mips${is64 ? '64' : ''}${isLittle ? 'el' : ''}`,
    21: `ppc64${isLittle ? 'le' : ''}`,
    22: 's390x',
    40: 'arm',
    62: 'x86_64',
    183: 'aarch64',
    243: `riscv${is64 ? 64 : 32}`,
    258: 'loongarch64',
  };
  return names[machine] ?? `machine ${machine}`;
}
