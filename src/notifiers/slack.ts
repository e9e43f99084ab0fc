// A message for an incoming webhook of Slack, or of anything that takes the same shape. Nothing in it is read as markup or as a mention.

import { NotifierFailure, type Notifier } from '../core/alert-delivery.ts'
import type { Poster } from './poster.ts'

export const createSlackNotifier = (poster: Poster): Notifier<'slack'> => ({
  async send({ secret: url }, { title, lines }, { signal }) {
    if (url === null) throw new NotifierFailure('the target has no URL', { permanent: true })
    const plain = (type: 'header' | 'section', text: string) => ({
      type,
      text: { type: 'plain_text', text, emoji: false },
    })
    const body = {
      text: escaped(title),
      mrkdwn: false,
      blocks: [plain('header', shortened(title, LONGEST_HEADER)), plain('section', lines.join('\n'))],
    }
    await poster.post(url, {}, JSON.stringify(body), signal)
  },
})

/** Slack refuses longer headers (Block Kit reference, "header", read 2026-11-20). */
const LONGEST_HEADER = 150

const shortened = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text

/** The three characters that begin mentions, links and entities in Slack's own format. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
