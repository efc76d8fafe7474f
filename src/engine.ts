/** Everything that differs between the two engines: the compiled executable (Bun) and Node.js. */

// These are replaced by string literals when trunc is built.
export const version: string = process.env.TRUNC_VERSION ?? '0.0.0-source';
export const commit: string = process.env.TRUNC_COMMIT ?? 'unknown';
/** Of the addon; undefined when run from source. */
export const koffiVersion: string | undefined = process.env.TRUNC_KOFFI;

/** Whether this is the single-file executable. */
export const isCompiled: boolean = 'Bun' in globalThis && import.meta.url.includes('/$bunfs/');

/** The engine's name and version, for `--version`. */
export function engineName(): string {
  const bun = process.versions.bun;
  return bun === undefined ? `node ${process.versions.node}` : `bun ${bun}`;
}

/**
 * The command that starts this program again. The executable goes by /proc/self/exe, which works where
 * the directories above it are closed to the new process's uid.
 */
export function selfCommand(): [file: string, ...args: string[]] {
  return isCompiled ? ['/proc/self/exe'] : [process.execPath, process.argv[1] as string];
}

/**
 * The environment of init: its own, so that BUN_OPTIONS or NODE_OPTIONS of the caller run no code there.
 * Without compiler and collector threads the engine starts no thread after it has joined a cgroup that
 * may allow a single one.
 */
export const initEnvironment: readonly string[] = [
  'BUN_JSC_useJIT=0',
  'BUN_JSC_useConcurrentGC=0',
  'BUN_JSC_numberOfGCMarkers=1',
];

/**
 * Whether the engine has raised the soft RLIMIT_NOFILE of this process to the hard one, so that what the
 * caller had is lost. The compiled executable is built without that.
 */
export const raisesNofile: boolean = !isCompiled;

/** Where koffi's native part lies: beside the program, or in node_modules when run from source. */
export function nativeAddon(): string {
  const { execPath } = process;
  if (isCompiled) return `${execPath.slice(0, execPath.lastIndexOf('/'))}/koffi.node`;
  const beside = `${import.meta.dirname}/koffi.node`;
  if (process.getBuiltinModule('node:fs').existsSync(beside)) return beside;
  const { arch } = process;
  const installed = `node_modules/@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`;
  return `${import.meta.dirname}/../${installed}`;
}

/** A short name for a text: 16 hexadecimal digits. Natively: code that runs for the first time would take milliseconds. */
export function hashText(text: string): string {
  const { Bun } = globalThis as { Bun?: { hash(text: string): bigint } };
  if (Bun !== undefined) return Bun.hash(text).toString(16).padStart(16, '0');
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
