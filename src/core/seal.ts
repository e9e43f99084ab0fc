// Sealing: secrets and answers that have to be kept and read again, and that say nothing to who only has where they are kept.

export type Seal = {
  /** Encrypts for one owner, such as an alert target: it opens for no other. */
  readonly seal: (text: string, owner: string) => string
  /** Throws when it was sealed for another owner or under another root secret, or was changed. */
  readonly open: (sealed: string, owner: string) => string
}
