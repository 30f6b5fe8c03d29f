/**
 * The few operations by which files come to be on a disk, small enough that a
 * test can fail each one in turn, or let the process die there.
 *
 * @module
 */

export type DiskFile = {
  /** All of it at this offset, or it throws. */
  write(bytes: Uint8Array, at: number): void;
  /** Returns when the contents are on the disk. */
  sync(): void;
  close(): void;
};

export type Disk = {
  /** One folder, for the owner alone; nothing happens where it is there already. */
  makeFolder(path: string): void;
  /** A file that is not there yet. Mode 600. */
  create(path: string): DiskFile;
  rename(from: string, to: string): void;
  /** Nothing happens where it is not there. */
  remove(path: string): void;
  /** Makes names in it durable: files made, renamed and removed. */
  syncFolder(path: string): void;
};

/** Files that are whole or not there. Each throws Fault STATE_FULL or STATE_UNAVAILABLE, and changed nothing then. */
export type DurableFiles = {
  /** Replaces a file; whoever reads meanwhile sees the old one or the new one. Mode 600. */
  readonly replaceFile: (path: string, content: string) => void;
  /** Makes a file that is not there yet. Mode 600. */
  readonly makeFile: (path: string, content: string) => void;
  /** Makes a folder for the owner alone, and those above it that are missing. */
  readonly makeFolder: (path: string) => void;
  /** A file that is not there yet, to be written piece by piece: not whole before it was synced. Mode 600. */
  readonly create: (path: string) => DiskFile;
  /** What is not there is no failure. */
  readonly remove: (path: string) => void;
};
