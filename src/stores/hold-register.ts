// Finds open things by id where thousands come and go every second: chains of members in a table that only grows.

/** `next` belongs to the register. */
export type Registered = { readonly id: string; next: Registered | null }

const FIRST_BUCKETS = 256
/** The end of a request id is random; more of it would spread them no better. */
const HASHED_CHARACTERS = 6

/** As a Map, without its outgrown tables, which keep what they held alive (see http/roster.ts for what that costs). */
export class HoldRegister<Member extends Registered> {
  #buckets: (Registered | null)[] = emptyBuckets(FIRST_BUCKETS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The id must not be in it. */
  add(member: Member): void {
    if (this.#size > this.#buckets.length) this.#grow()
    this.#place(member)
    this.#size += 1
  }

  get(id: string): Member | undefined {
    let member = this.#buckets[this.#bucketOf(id)] ?? null
    while (member !== null && member.id !== id) member = member.next
    return (member ?? undefined) as Member | undefined
  }

  /** The member that is taken out; undefined: there is none of that id. */
  remove(id: string): Member | undefined {
    const bucket = this.#bucketOf(id)
    let before: Registered | null = null
    let member = this.#buckets[bucket] ?? null
    while (member !== null && member.id !== id) {
      before = member
      member = member.next
    }
    if (member === null) return undefined
    if (before === null) this.#buckets[bucket] = member.next
    else before.next = member.next
    member.next = null
    this.#size -= 1
    return member as Member
  }

  /** All members, in no order that means anything. */
  values(): Member[] {
    const found: Member[] = []
    for (const first of this.#buckets) {
      for (let member = first; member !== null; member = member.next) found.push(member as Member)
    }
    return found
  }

  #place(member: Registered): void {
    const bucket = this.#bucketOf(member.id)
    member.next = this.#buckets[bucket] ?? null
    this.#buckets[bucket] = member
  }

  #grow(): void {
    const members = this.values()
    this.#buckets = emptyBuckets(this.#buckets.length * 4)
    for (const member of members) this.#place(member)
  }

  #bucketOf(id: string): number {
    let hash = 0
    for (let at = Math.max(0, id.length - HASHED_CHARACTERS); at < id.length; at += 1) {
      hash = (Math.imul(hash, 31) + id.charCodeAt(at)) | 0
    }
    return hash & (this.#buckets.length - 1)
  }
}

const emptyBuckets = (length: number): (Registered | null)[] => Array.from({ length }, () => null)
