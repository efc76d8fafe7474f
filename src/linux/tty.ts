import { Fd } from './fd.ts';
import { O_CLOEXEC, O_NOCTTY, O_RDWR } from './path.ts';
import { syscall, trySyscall } from './syscall.ts';

// Requests of ioctl_tty(2). Source: include/uapi/asm-generic/ioctls.h, the same on x86-64 and arm64.
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TIOCSCTTY = 0x540e;
const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTPEER = 0x5441;

/** The other end of a pseudoterminal, by its descriptor alone: no path is walked (Linux 4.13). */
export function openPeer(master: Fd): Fd {
  syscall('ioctl', master.number, TIOCSPTLCK, new Uint8Array(4));
  return new Fd(syscall('ioctl', master.number, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/** Makes this process the leader of a session of its own, without a terminal. */
export function newSession(): void {
  syscall('setsid');
}

/** Gives the session that this process leads its terminal, whose keys then send it signals. */
export function setControllingTerminal(terminal: Fd): void {
  syscall('ioctl', terminal.number, TIOCSCTTY, 0);
}

/** In characters. */
export interface WindowSize {
  height: number;
  width: number;
}

/** Undefined for what is no terminal. Source: struct winsize in include/uapi/asm-generic/termios.h. */
export function windowSize(number: number): WindowSize | undefined {
  const words = new Uint16Array(4);
  const failed = trySyscall('ioctl', number, TIOCGWINSZ, new Uint8Array(words.buffer)) < 0;
  return failed ? undefined : { height: words[0] as number, width: words[1] as number };
}

/** Tells the foreground processes of the terminal too (SIGWINCH), if it is a change. */
export function setWindowSize(terminal: Fd, { height, width }: WindowSize): void {
  const words = Uint16Array.of(height, width, 0, 0);
  syscall('ioctl', terminal.number, TIOCSWINSZ, new Uint8Array(words.buffer));
}

/** How a terminal treats what goes through it. */
export interface TerminalModes {
  input: number;
  output: number;
  control: number;
  local: number;
  /** Characters with a meaning, by the kernel's index. */
  characters: Uint8Array;
}

// Source: struct termios in include/uapi/asm-generic/termbits.h; the discipline is the byte before the characters.
const MODES_SIZE = 36;
const DISCIPLINE = 16;
const CHARACTERS = 17;
const CHARACTER_COUNT = 19;

/** Undefined for what is no terminal; for the master end of a pseudoterminal, those of the other end. */
export function terminalModes(number: number): TerminalModes | undefined {
  const bytes = Buffer.alloc(MODES_SIZE);
  if (trySyscall('ioctl', number, TCGETS, bytes) < 0) return undefined;
  return {
    input: bytes.readUInt32LE(0),
    output: bytes.readUInt32LE(4),
    control: bytes.readUInt32LE(8),
    local: bytes.readUInt32LE(12),
    characters: Uint8Array.from(bytes.subarray(CHARACTERS, CHARACTERS + CHARACTER_COUNT)),
  };
}

/** Sets the modes at once, without losing what has been typed already. */
export function setTerminalModes(number: number, modes: TerminalModes): void {
  const bytes = Buffer.alloc(MODES_SIZE);
  [modes.input, modes.output, modes.control, modes.local].forEach((flags, index) => {
    bytes.writeUInt32LE(flags >>> 0, 4 * index);
  });
  bytes[DISCIPLINE] = 0;
  bytes.set(modes.characters, CHARACTERS);
  syscall('ioctl', number, TCSETS, bytes);
}

/** The character, if not changed by the program, that means the end of what is typed. */
export const VEOF = 4;
const VTIME = 5;
const VMIN = 6;
const OPOST = 0x1;
const ONLCR = 0x4;
const CSIZE = 0x30;
const CS8 = 0x30;
const PARENB = 0x100;
/** IGNBRK, BRKINT, PARMRK, ISTRIP, INLCR, IGNCR, ICRNL and IXON. */
const INPUT_CONVERSION = 0x5eb;
/** ISIG, ICANON, ECHO, ECHONL and IEXTEN. */
const LOCAL_CONVERSION = 0x804b;

/** Every byte goes through as it is, at once. Source: cfmakeraw in termios(3). */
export function rawModes(modes: TerminalModes): TerminalModes {
  const characters = Uint8Array.from(modes.characters);
  characters[VMIN] = 1;
  characters[VTIME] = 0;
  return {
    input: modes.input & ~INPUT_CONVERSION,
    output: modes.output & ~OPOST,
    control: (modes.control & ~(CSIZE | PARENB)) | CS8,
    local: modes.local & ~LOCAL_CONVERSION,
    characters,
  };
}

/** The end of a line is written as the program writes it, without a carriage return before it. */
export function plainNewlines(modes: TerminalModes): TerminalModes {
  return { ...modes, output: modes.output & ~ONLCR };
}
