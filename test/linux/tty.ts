import t from 'tap';
import type { Fd } from '../../src/linux/fd.ts';
import { O_NOCTTY, O_RDONLY, O_RDWR, openPath } from '../../src/linux/path.ts';
import { syscall } from '../../src/linux/syscall.ts';
import {
  openPeer,
  plainNewlines,
  rawModes,
  setTerminalModes,
  setWindowSize,
  terminalModes,
  VEOF,
  windowSize,
} from '../../src/linux/tty.ts';

/** The two ends of a terminal of the host. */
function pair(): { master: Fd; slave: Fd } {
  const master = openPath('/dev/ptmx', O_RDWR | O_NOCTTY);
  return { master, slave: openPeer(master) };
}

const write = (fd: Fd, text: string) => syscall('write', fd.number, text, text.length);
function read(fd: Fd): string {
  const bytes = Buffer.alloc(100);
  return bytes.toString('latin1', 0, syscall('read', fd.number, bytes, bytes.length));
}

t.test('the peer', async (t) => {
  const { master, slave } = pair();
  write(slave, 'x\n');
  t.equal(read(master), 'x\r\n');
});

t.test('the size', async (t) => {
  const { master, slave } = pair();
  setWindowSize(master, { height: 24, width: 65535 });
  t.same(windowSize(slave.number), { height: 24, width: 65535 });
  const file = openPath('/dev/null', O_RDONLY);
  t.equal(windowSize(file.number), undefined, 'of what is no terminal');
  t.equal(terminalModes(file.number), undefined);
});

t.test('raw modes', async (t) => {
  const { master, slave } = pair();
  const usual = terminalModes(slave.number) as NonNullable<ReturnType<typeof terminalModes>>;
  t.equal(usual.characters[VEOF], 4);
  setTerminalModes(slave.number, rawModes(usual));
  const keys = 'a\r\n\x03\x04\x11\x13\x1a\x1c\x7f\xff\0';
  syscall('write', master.number, Buffer.from(keys, 'latin1'), keys.length);
  t.equal(read(slave), keys, 'every key goes through as it is');
  write(slave, 'x\n');
  t.equal(read(master), 'x\n', 'no echo, and lines as they were written');
  setTerminalModes(slave.number, usual);
  t.same(terminalModes(slave.number), usual, 'as it was');
});

t.test('plain newlines', async (t) => {
  const { master, slave } = pair();
  const usual = terminalModes(master.number) as NonNullable<ReturnType<typeof terminalModes>>;
  setTerminalModes(master.number, plainNewlines(usual));
  write(slave, 'x\n');
  t.equal(read(master), 'x\n');
  write(master, 'y\r');
  t.equal(read(slave), 'y\n', 'the rest is unchanged');
});
