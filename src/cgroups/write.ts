// Pure.

/** One value to be written to one file of a cgroup. */
export interface CgroupWrite {
  file: string;
  value: string;
  /** The property of config.json it comes from. */
  field?: string;
  /** Does no harm if there is no such file. */
  optional?: boolean;
  /** What to write instead where the kernel has no such file. */
  otherwise?: CgroupWrite;
}

/** A value for a file; `property` is below linux.resources. */
export function write(file: string, value: string | number, property: string): CgroupWrite {
  const text = typeof value === 'number' ? integerText(value) : value;
  return { file, value: text, field: `linux.resources.${property}` };
}

const UINT64_MAX = 2n ** 64n - 1n;

/** All digits: a large double prints rounded, and 2^64 - 1 is 2^64 as a double. */
function integerText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const exact = BigInt(value);
  return String(exact > UINT64_MAX ? UINT64_MAX : exact);
}

/** A limit in the words of version 2, where -1 is `max`. */
export function orMax(limit: number): string {
  return limit < 0 ? 'max' : integerText(limit);
}
