/**
 * Paths as text, with the names and results of node:path, whose loading takes half a millisecond of every command. The file
 * system is not asked: `..` takes away the component before it, whatever that is.
 */

/** The path without empty and `.` components, and without those that `..` takes away; `.` when nothing is left. */
function normalize(path: string): string {
  const isAbsolute = path.startsWith('/');
  const kept: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') kept.push(name);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isAbsolute) kept.push(name);
  }
  const text = kept.join('/');
  return isAbsolute ? `/${text}` : text || '.';
}

/** The parts one below the other, even those that begin with a slash. A slash at the end stays. */
export function join(...parts: readonly string[]): string {
  const path = parts.filter((part) => part !== '').join('/');
  const joined = normalize(path);
  return path.endsWith('/') && joined !== '/' ? `${joined}/` : joined;
}

/** The absolute path that the parts lead to one after the other, from the working directory. */
export function resolve(...parts: readonly string[]): string {
  let path = '';
  for (const part of parts) path = part.startsWith('/') ? part : `${path}/${part}`;
  return normalize(parts.some((part) => part.startsWith('/')) ? path : `${process.cwd()}/${path}`);
}

/** Where the last component ends, before the slashes behind it; 0 when there is none. */
function end(path: string): number {
  let length = path.length;
  while (path[length - 1] === '/') length -= 1;
  return length;
}

/** Everything before the last component and the slash in front of it. */
export function dirname(path: string): string {
  const last = end(path);
  if (last === 0) return path === '' ? '.' : '/';
  const slash = path.lastIndexOf('/', last - 1);
  if (slash === -1) return '.';
  const directory = path.slice(0, slash);
  return end(directory) === 0 ? '/' : directory;
}

/** The last component. */
export function basename(path: string): string {
  const last = end(path);
  return last === 0 ? '' : path.slice(path.lastIndexOf('/', last - 1) + 1, last);
}
