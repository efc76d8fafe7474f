import type { ContainerOptions } from '../container/options.ts';
import type { Settings } from './settings.ts';
import type { Command, Values } from './table.ts';

/** A command line that was understood, as a command gets it. */
export interface Invocation<C extends Command> {
  settings: Settings;
  options: Values<C['options']>;
  positionals: readonly string[];
}

/** Carries out a command and returns its exit status. */
export type Handler<C extends Command> = (invocation: Invocation<C>) => number | Promise<number>;

/** That of some command, which gets its own options. */
export type AnyHandler = (invocation: never) => number | Promise<number>;

/** By the name of the command. */
export type Handlers = Readonly<Partial<Record<string, AnyHandler>>>;

/** The container that the command is about; its ID has been checked. */
export function containerOf({
  settings,
  positionals,
}: Omit<Invocation<Command>, 'options'>): ContainerOptions {
  return { root: settings.root, id: positionals[0] as string, systemd: settings.systemd };
}
