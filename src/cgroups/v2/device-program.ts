// Pure.
import type { Instruction } from '../../linux/bpf.ts';
import type { DeviceRule } from '../../spec/config.ts';
import { defaultRules, devicePolicy, type ExactRule } from '../device-rules.ts';

// struct bpf_cgroup_dev_ctx, BPF_DEVCG_* and the codes of eBPF. Source: linux/bpf.h, linux/bpf_common.h.
const TYPE = 0;
const ACCESS = 2;
const MAJOR = 4;
const MINOR = 8;
const BLOCK = 1;
const CHAR = 2;
const MKNOD = 1;
const READ = 2;
const WRITE = 4;
const ALL = 7;

const LOAD_HALF = 0x69;
const LOAD_WORD = 0x61;
const MOVE = 0xb4;
const AND = 0x54;
const JUMP = 0x05;
const JUMP_IF_ANY = 0x46;
const JUMP_UNLESS_EQUAL = 0x56;
const EXIT = 0x95;

// Registers.
const RESULT = 0;
const CONTEXT = 1;
const NUMBER = 2;
/** What of the access that is asked for has not been allowed yet. */
const ASKED = 3;

/**
 * linux.resources.devices as an eBPF program that is asked for each access: 1 allows, 0 refuses with EPERM. The rules
 * stand in it from the last to the first, since the last one that speaks of a device and a kind of access decides on
 * that; the defaults come first. Undefined if everything is allowed.
 */
export function deviceProgram(rules: readonly DeviceRule[]): Instruction[] | undefined {
  const policy = devicePolicy(rules);
  if (policy.allow && policy.rules.every(({ allow }) => allow)) return undefined;
  const program = [instruction(LOAD_HALF, ASKED, { src: CONTEXT, off: ACCESS })];
  // Where everything is allowed, the wide ones among the defaults would only undo what a rule forbids, as in version 1.
  const defaults = defaultRules().filter(({ major }) => !policy.allow || major !== undefined);
  for (const rule of [...policy.rules, ...defaults].reverse()) program.push(...block(rule));
  return [...program, ...answer(policy.allow)];
}

/**
 * One rule. What it does not speak of goes on behind it. Every number is loaded anew: what the verifier had learned of
 * one from a comparison would make it walk through the rest once more for each rule.
 */
function block(rule: ExactRule): Instruction[] {
  const verdict = rule.allow ? allowing(maskOf(rule)) : refusing(maskOf(rule));
  const tests = [...test(LOAD_HALF, TYPE, rule.type === 'b' ? BLOCK : CHAR)];
  if (rule.major !== undefined) tests.push(...test(LOAD_WORD, MAJOR, rule.major));
  if (rule.minor !== undefined) tests.push(...test(LOAD_WORD, MINOR, rule.minor));
  const length = tests.length + verdict.length;
  return [
    ...tests.map((step, at) => (step.code === JUMP_UNLESS_EQUAL ? { ...step, off: length - at - 1 } : step)),
    ...verdict,
  ];
}

function test(load: number, off: number, imm: number): Instruction[] {
  return [instruction(load, NUMBER, { src: CONTEXT, off }), instruction(JUMP_UNLESS_EQUAL, NUMBER, { imm })];
}

function allowing(mask: number): Instruction[] {
  if (mask === ALL) return answer(true);
  const rest = instruction(AND, ASKED, { imm: ALL & ~mask });
  return [rest, instruction(JUMP_UNLESS_EQUAL, ASKED, { imm: 0, off: 2 }), ...answer(true)];
}

function refusing(mask: number): Instruction[] {
  if (mask === ALL) return answer(false);
  const skip = instruction(JUMP, 0, { off: 2 });
  return [instruction(JUMP_IF_ANY, ASKED, { imm: mask, off: 1 }), skip, ...answer(false)];
}

function answer(allow: boolean): Instruction[] {
  return [instruction(MOVE, RESULT, { imm: allow ? 1 : 0 }), instruction(EXIT, 0)];
}

function maskOf({ access }: ExactRule): number {
  let mask = 0;
  if (access.includes('m')) mask |= MKNOD;
  if (access.includes('r')) mask |= READ;
  if (access.includes('w')) mask |= WRITE;
  return mask;
}

function instruction(code: number, dst: number, { src = 0, off = 0, imm = 0 } = {}): Instruction {
  return { code, dst, src, off, imm };
}
