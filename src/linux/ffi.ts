import { koffiVersion, nativeAddon } from '../engine.ts';
import { type ErrorCode, RuntimeError } from '../errors.ts';

/** A pointer-sized argument: a number, the address of memory, a NUL-terminated string, or bytes. */
export type Argument = number | bigint | string | Uint8Array | null;

/** The part of koffi that is used here. */
interface Koffi {
  version: string;
  load(path: string | null): Library;
  errno(): number;
  address(pointer: unknown): bigint;
  view(address: bigint, size: number): ArrayBuffer;
}

// biome-ignore lint/suspicious/noExplicitAny: a C function has whatever type its declaration says
export type CFunction = (...args: any[]) => any;

interface Library {
  func(name: string, result: string, parameters: string[]): CFunction;
  symbol(name: string, type: string): unknown;
}

interface Loaded {
  koffi: Koffi;
  libc: Library;
}

const loaded: { value?: Loaded; addon?: string } = {};

/** Loads koffi from `addon` instead of its usual place; for init, whose uid may not reach that place. */
export function useAddon(addon: string): void {
  loaded.addon = addon;
}

/** koffi and libc, loaded at the first call. By path: resolving the package costs more than loading it. */
export function ffi(): Loaded {
  if (loaded.value === undefined) {
    const koffi = loadAddon(loaded.addon ?? nativeAddon());
    loaded.value = { koffi, libc: koffi.load(null) };
  }
  return loaded.value;
}

/** In the middle of an installation by other means than a rename it may be missing, a part, or another one's. */
function loadAddon(file: string): Koffi {
  const native = { exports: {} as Koffi };
  const details = {
    code: 'INSTALLATION',
    hint: 'install trunc anew, with its koffi.node beside it',
  } as const;
  try {
    process.dlopen(native, file);
  } catch (error) {
    const text = (error as Error).message;
    throw new RuntimeError(text.startsWith(file) ? text : `${file}: ${text}`, details, error);
  }
  const { version } = native.exports;
  if (koffiVersion === undefined || version === koffiVersion) return native.exports;
  throw new RuntimeError(`${file} is version ${version}, and this program needs ${koffiVersion}`, details);
}

/** The functions of another C library, by their names without `prefix`: `declarations` has the result and the parameters. */
export function loadLibrary<Name extends string>(
  file: string,
  prefix: string,
  declarations: Readonly<Record<Name, readonly [result: string, ...parameters: string[]]>>,
  details: { code: ErrorCode; hint: string },
): Record<Name, CFunction> {
  const functions = {} as Record<Name, CFunction>;
  try {
    const library = ffi().koffi.load(file);
    for (const name of Object.keys(declarations) as Name[]) {
      const [result, ...parameters] = declarations[name];
      functions[name] = library.func(prefix + name, result, parameters);
    }
  } catch (thrown) {
    throw new RuntimeError(`${file} cannot be loaded`, details, thrown);
  }
  return functions;
}

/** The address of a function of libc. */
export function addressOf(symbol: string): bigint {
  const { koffi, libc } = ffi();
  return koffi.address(libc.symbol(symbol, 'char'));
}
