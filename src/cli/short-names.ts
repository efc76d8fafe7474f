/** The commands of short.ts. */
export const shortCommands = ['delete', 'kill', 'list', 'pause', 'resume', 'start', 'state'] as const;

export type ShortCommand = (typeof shortCommands)[number];
