/**
 * Where filesystems of a type are mounted, the latest last; from the text of /proc/self/mountinfo. Source: proc(5).
 */
export function mountPointsOf(type: string, mountinfo: string): string[] {
  const lines = mountinfo.split('\n').filter((line) => line.includes(` - ${type} `));
  return lines.map((line) => unescaped(line.split(' ')[4] as string));
}

/** Blanks and backslashes are in octal there. */
export function unescaped(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
