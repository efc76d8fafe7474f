import { RuntimeError } from '../errors.ts';
import { type CFunction, ffi, loadLibrary } from './ffi.ts';
import { errnoText } from './syscall.ts';
import { decode } from './text.ts';

/** Name without `sd_bus_` → result and parameters. Source: sd-bus(3), /usr/include/systemd/sd-bus.h. */
const declarations = {
  new: ['int', 'void *'],
  set_address: ['int', 'void *', 'const char *'],
  set_bus_client: ['int', 'void *', 'int'],
  start: ['int', 'void *'],
  is_ready: ['int', 'void *'],
  process: ['int', 'void *', 'void *'],
  wait: ['int', 'void *', 'uint64_t'],
  call: ['int', 'void *', 'void *', 'uint64_t', 'void *', 'void *'],
  close_unref: ['void *', 'void *'],
  error_free: ['void', 'void *'],
  message_new_method_call: ['int', 'void *', 'void *', ...Array(4).fill('const char *')],
  message_append_basic: ['int', 'void *', 'char', 'void *'],
  message_open_container: ['int', 'void *', 'char', 'const char *'],
  message_close_container: ['int', 'void *'],
  message_peek_type: ['int', 'void *', 'void *', 'void *'],
  message_read_basic: ['int', 'void *', 'char', 'void *'],
  message_enter_container: ['int', 'void *', 'char', 'const char *'],
  message_skip: ['int', 'void *', 'const char *'],
  message_get_interface: ['const char *', 'void *'],
  message_get_member: ['const char *', 'void *'],
  message_unref: ['void *', 'void *'],
} as const;

const LIBRARY = 'libsystemd.so.0';
const loaded: { functions?: Record<keyof typeof declarations, CFunction>; strlen?: CFunction } = {};

/** libsystemd, loaded at the first call: only who talks to systemd needs it. */
export function sdBus() {
  loaded.functions ??= loadLibrary(LIBRARY, 'sd_bus_', declarations, {
    code: 'DBUS_NO_LIBRARY',
    hint: 'install it (Debian: libsystemd0), or do without --systemd-cgroup',
  });
  return loaded.functions;
}

/** Room for one pointer or number that C code writes. */
export class Cell {
  readonly bytes = new Uint8Array(8);
  get address(): bigint {
    return new DataView(this.bytes.buffer).getBigUint64(0, true);
  }
}

/** The text that a C string holds; none where there is no string. */
export function textAt(address: bigint): string {
  if (address === 0n) return '';
  loaded.strlen ??= ffi().libc.func('strlen', 'size_t', ['void *']);
  const length: number = loaded.strlen(address);
  return decode(new Uint8Array(ffi().koffi.view(address, length)).slice());
}

/** The result of a call, where a negative one is an errno. Throws that. */
export function checked(result: number, action: string): number {
  if (result >= 0) return result;
  throw new RuntimeError(`${action}: ${errnoText(-result)}`, { code: 'DBUS' });
}
