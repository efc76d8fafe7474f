/** What all scripts share. They run before anything is installed: Node.js alone, no packages. */
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Not import.meta.dirname: a Node.js that is too old gets as far as being told so.
export const project = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** An absolute path inside the project. */
export function at(...path) {
  return join(project, ...path);
}

export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Ends the script with one line that says what is wrong and what to do. */
export function stop(reason) {
  process.stderr.write(`trunc: ${reason}\n`);
  process.exit(1);
}

/** Runs a program in the project, its output shown, and returns whether it succeeded. */
export function run(command, args, options = {}) {
  const { error, status } = spawnSync(command, args, { cwd: project, stdio: 'inherit', ...options });
  if (error) process.stderr.write(`trunc: ${command}: ${error.message}\n`);
  return status === 0;
}

/** Runs a program silently; its output is shown only where it fails, which ends the script. */
export function runQuietly(command, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: project,
    encoding: 'utf8',
    ...options,
  });
  if (status === 0) return stdout;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  return stop(`${[command, ...args].join(' ')}: ${error?.message ?? `exit status ${status}`}`);
}

/** Time of the last change in milliseconds; 0 for a file that is not there. */
export function changed(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Makes a file under another name first: what runs from it, or has it mapped, keeps what it has. */
export function replace(path, make) {
  rmSync(`${path}.new`, { force: true });
  make(`${path}.new`);
  renameSync(`${path}.new`, path);
}
