// Usage of models that make films, which run only asynchronously: the seconds that were asked for, until the job confirms them.

import type { Asked, Family } from './family.ts'

const REEL = 'videoGenerationConfig'
const SHOT_SECONDS = 6

/** docs.aws.amazon.com/nova/latest/userguide/video-gen-access.html: six seconds, or as many shots of six; 1280x720 is the only size. */
export const NOVA_REEL: Family = {
  name: 'nova-reel',
  request: ['taskType', `${REEL}.durationSeconds`, `${REEL}.dimension`, 'multiShotManualParams.shots.[]'],
  finish: (sheet, asked) => {
    sheet.say('asked', 'seconds', reelSeconds(asked))
    const height = /^\d{2,5}x(\d{2,5})$/.exec(asked.text(`${REEL}.dimension`) ?? '1280x720')?.[1]
    if (height === undefined) sheet.note('the size of the film is not known')
    else sheet.variant = `${height}p`
  },
}

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-luma.html: "5s" or "9s", "540p" or "720p"; 5s and 720p unless said. */
export const LUMA: Family = {
  name: 'luma',
  request: ['duration', 'resolution'],
  finish: (sheet, asked) => {
    const seconds = /^(\d{1,4})s$/.exec(asked.has('duration') ? (asked.text('duration') ?? '') : '5s')?.[1]
    if (seconds === undefined) sheet.unknown('seconds', 'seconds: the duration asked for is not understood')
    else sheet.say('asked', 'seconds', Number(seconds))
    const resolution = asked.text('resolution') ?? '720p'
    if (/^\d{3,4}p$/.test(resolution)) sheet.variant = resolution
    else sheet.note('the resolution of the film is not known')
  },
}

function reelSeconds(asked: Asked): number {
  const shots = asked.count('multiShotManualParams.shots.[]')
  // A film of shots is as long as they are, whatever the request says of its length.
  if (asked.text('taskType') === 'MULTI_SHOT_MANUAL' && shots > 0) return shots * SHOT_SECONDS
  return asked.number(`${REEL}.durationSeconds`) ?? Math.max(1, shots) * SHOT_SECONDS
}
