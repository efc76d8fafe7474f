// Pure.

/** One value to be written to one file of a cgroup. */
export interface CgroupWrite {
  file: string;
  value: string;
  /** The property of config.json it comes from. */
  field?: string;
  /** Does no harm if there is no such file. */
  optional?: boolean;
}

/** A value for a file; `property` is below linux.resources. */
export function write(file: string, value: string | number, property: string): CgroupWrite {
  return { file, value: String(value), field: `linux.resources.${property}` };
}

/** A limit in the words of version 2, where -1 is `max`. */
export function orMax(limit: number): string {
  return limit < 0 ? 'max' : String(limit);
}
