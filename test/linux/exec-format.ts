import { readFileSync } from 'node:fs';
import t from 'tap';
import { type ElfFormat, execFormat, loaderPlace } from '../../src/linux/exec-format.ts';

const format = (text: string) => execFormat(Buffer.from(text, 'latin1'));
const script = (interpreter: string) => ({ kind: 'script', interpreter });

t.test('scripts', async (t) => {
  t.same(format('#!/bin/sh\necho\n'), script('/bin/sh'));
  t.same(format('#! \t/usr/bin/env python3 -x\n'), script('/usr/bin/env'));
  t.same(format('#!/bin/sh\r\necho\r\n'), script('/bin/sh\r'), 'a carriage return is part of the name');
  t.same(format('#!/bin/sh'), script('/bin/sh'), 'without a newline');
  t.same(format('#!\n/bin/sh'), script(''));
  t.same(format(`#!/${'x'.repeat(300)}`), script(`/${'x'.repeat(253)}`), 'as far as the kernel reads');
});

t.test('what is neither', async (t) => {
  t.same(format(''), { kind: 'empty' });
  t.same(format('echo hello\n'), { kind: 'other', isText: true });
  t.same(format('PK\x03\x04\x00'), { kind: 'other', isText: false });
  t.same(format('\x7fELF\x02\x01'), { kind: 'other', isText: false }, 'an ELF header that is cut off');
});

t.test('ELF', async (t) => {
  const bytes = readFileSync(process.execPath);
  const own = execFormat(bytes.subarray(0, 4096)) as ElfFormat;
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  t.match(own, { kind: 'elf', machine, isProgram: true, segments: { is64: true, isLittle: true, size: 56 } });
  const { offset, size, count } = own.segments;
  const place = loaderPlace(bytes.subarray(offset, offset + size * count), own.segments);
  t.match(
    bytes.toString('latin1', place?.offset, (place?.offset ?? 0) + (place?.length ?? 0)),
    /^\/lib.*\/ld-linux/,
  );

  const other = Buffer.from(bytes.subarray(0, 64));
  other.writeUInt16LE(183, 18);
  t.match(execFormat(other), { machine: 'aarch64' });
  other.writeUInt16LE(1, 16);
  t.match(execFormat(other), { isProgram: false }, 'an object file');
  other[5] = 2;
  other.writeUInt16BE(22, 18);
  t.match(execFormat(other), { machine: 's390x', segments: { isLittle: false } });
  other.writeUInt16BE(9999, 18);
  t.match(execFormat(other), { machine: 'machine 9999' });
});

t.test('a table of segments that lies', async (t) => {
  const segments = { is64: true, isLittle: true, offset: 0, size: 56, count: 65535 };
  t.equal(loaderPlace(Buffer.alloc(0), segments), undefined);
  t.equal(loaderPlace(Buffer.alloc(560), segments), undefined);
  t.equal(loaderPlace(Buffer.from([3, 0, 0, 0]), { ...segments, size: 4 })?.length, 0);
});
