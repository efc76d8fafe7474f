/** Text as the kernel has it, UTF-8. TextEncoder and TextDecoder where Buffer would do: its loading is felt at each start. */

const made: { decoder?: InstanceType<typeof TextDecoder> } = {};

/** Bytes as text, as they are; what is no UTF-8 becomes U+FFFD. */
export function decode(bytes: Uint8Array): string {
  made.decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
  return made.decoder.decode(bytes);
}

/** How many bytes a text takes. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
