/**
 * Where filesystems of a type are mounted, the latest last; from the text of /proc/self/mountinfo. Source: proc(5).
 */
export function mountPointsOf(type: string, mountinfo: string): string[] {
  const lines = mountinfo.split('\n').filter((line) => line.includes(` - ${type} `));
  return lines.map((line) => unescaped(line.split(' ')[4] as string));
}

/** A mount, as its namespace shows it. */
export interface MountEntry {
  id: number;
  /** The directory or file of the filesystem that is mounted. */
  root: string;
  mountPoint: string;
  /** Of the filesystem. */
  type: string;
}

/** All mounts, from the text of /proc/PID/mountinfo. Source: proc(5). */
export function parseMounts(mountinfo: string): MountEntry[] {
  const lines = mountinfo.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [id, , , root = '', mountPoint = ''] = line.split(' ');
    const [type = ''] = line.slice(line.indexOf(' - ') + 3).split(' ');
    return { id: Number(id), root: unescaped(root), mountPoint: unescaped(mountPoint), type };
  });
}

/** Blanks and backslashes are in octal there. */
export function unescaped(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
