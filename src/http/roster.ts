// A set for things that come and go by the thousand a second: an array in which each member knows its place.

/** -1: on no roster. Only the roster writes it. */
export type Placed = { place: number }

/**
 * A Set or Map that is added to and deleted from all the time leaves its outgrown tables behind, each pointing to the next and to what
 * it held; once one of them is old, they keep all that ever passed alive until the next full collection (V8 13.6, measured 2026-11).
 */
export class Roster<Member extends Placed> {
  readonly #members: Member[] = []

  get size(): number {
    return this.#members.length
  }

  /** Nothing happens for one that is on it already. */
  add(member: Member): void {
    if (member.place !== -1) return
    member.place = this.#members.length
    this.#members.push(member)
  }

  /** Nothing happens for one that is not on it. The last member takes its place. */
  remove(member: Member): void {
    const { place } = member
    if (place === -1) return
    member.place = -1
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[place] = last
    last.place = place
  }

  /** Last to first, so that the visit may remove the member that it is given. */
  forEach(visit: (member: Member) => void): void {
    for (let place = this.#members.length - 1; place >= 0; place -= 1) {
      const member = this.#members[place]
      if (member !== undefined) visit(member)
    }
  }

  find(matches: (member: Member) => boolean): Member | undefined {
    return this.#members.find(matches)
  }
}
