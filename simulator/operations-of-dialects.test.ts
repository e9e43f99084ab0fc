// OpenAI's and Anthropic's own paths on Bedrock's host: the same models, the same tokens and the same bill, in another form.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from './server.ts'

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const OSS = 'openai.gpt-oss-20b-1:0'
const GPT = 'us.openai.gpt-5.6-luna'
const KEY = { authorization: 'Bearer simulator-bearer-key' }
const VERSION = { 'anthropic-version': '2023-06-01' }

let clock = Date.parse('2026-11-20T12:00:00Z')
let simulator: RunningSimulator

beforeAll(async () => {
  simulator = await startSimulator({ now: () => clock })
})
afterAll(() => simulator.close())
beforeEach(() => simulator.reset())

type Parsed = ReturnType<typeof JSON.parse>
type Answer = { status: number; headers: Headers; text: string; body: Parsed }

async function ask(
  path: string,
  body: unknown,
  headers: Record<string, string> = KEY,
  method = 'POST',
): Promise<Answer> {
  const response = await fetch(`${simulator.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : null }
}

const eventsIn = (text: string): Parsed[] =>
  text
    .split('\n\n')
    .flatMap((block) => block.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice(6))
    .filter((data) => data !== '[DONE]')
    .map((data) => JSON.parse(data))

const usages = () => simulator.bill().map(({ usage }) => usage)
const question = [{ role: 'user', content: 'Tell me in 30 words.' }]

describe('chat completions', () => {
  const path = '/openai/v1/chat/completions'

  it('answers what InvokeModel answers, and is billed the same', async () => {
    const chat = await ask(path, { model: OSS, messages: question, max_completion_tokens: 60 })
    const invoked = await ask(`/model/${OSS}/invoke`, { messages: question, max_completion_tokens: 60 })
    expect(chat.body).toMatchObject({ model: OSS, choices: invoked.body.choices, usage: invoked.body.usage })
    const [first, second] = simulator.bill()
    expect(first).toMatchObject({ operation: 'ChatCompletions', model_id: OSS, base_model: OSS, completed: true })
    expect(first?.usage).toEqual(second?.usage)
    expect(chat.headers.get('x-amzn-requestid')).toBe(first?.request_id)
  })

  it('streams to the same answer; usage only when asked for', async () => {
    const body = { model: OSS, messages: question, stream: true }
    const whole = await ask(path, { ...body, stream: false })
    const silent = await ask(path, body)
    const telling = await ask(path, { ...body, stream_options: { include_usage: true } })
    expect(silent.text.endsWith('data: [DONE]\n\n')).toBe(true)
    const textOf = (answer: Answer) =>
      eventsIn(answer.text)
        .map((chunk) => chunk.choices[0]?.delta.content ?? '')
        .join('')
    expect(textOf(silent)).toBe(whole.body.choices[0].message.content)
    expect(eventsIn(silent.text).some((chunk) => 'usage' in chunk)).toBe(false)
    const told = eventsIn(telling.text)
    expect(told.at(-1)).toMatchObject({ choices: [], usage: whole.body.usage })
    expect(told.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    const [first, ...rest] = usages()
    expect(rest).toEqual([first, first])
  })

  it.each([
    [{ messages: question }, 400, 'validation_error'],
    [{ model: 'nobody.knows', messages: question }, 400, 'validation_error'],
    [{ model: CLAUDE, messages: question }, 400, 'validation_error'],
    [{ model: GPT.slice(3), messages: question }, 400, 'validation_error'],
    [{ model: OSS, messages: question, stream_options: {} }, 400, 'validation_error'],
    [{ model: OSS, messages: question, service_tier: 'fast' }, 400, 'validation_error'],
    [{ model: `${OSS}~fault=throttle`, messages: question }, 429, 'rate_limit_exceeded'],
  ])('%j is refused in OpenAI’s form', async (body, status, code) => {
    const answer = await ask(path, body)
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
    expect(simulator.bill()).toEqual([])
  })

  it('refuses an unknown key with 401', async () => {
    const answer = await ask(path, { model: OSS, messages: question }, { authorization: 'Bearer nobody' })
    expect([answer.status, answer.body.error.code]).toEqual([401, 'invalid_api_key'])
  })

  it('says a failure in the middle of a stream as an error, and bills what was generated', async () => {
    const answer = await ask(path, { model: `${OSS}~fault=exception:after=4`, messages: question, stream: true })
    expect(eventsIn(answer.text).at(-1)).toMatchObject({ error: { type: 'server_error' } })
    expect(simulator.bill()[0]).toMatchObject({ completed: false, usage: { output_tokens: 3 } })
  })

  it('serves and bills the tier that was asked for', async () => {
    const answer = await ask(path, { model: OSS, messages: question, service_tier: 'flex' })
    expect(answer.body.service_tier).toBe('flex')
    expect(simulator.bill()[0]).toMatchObject({ tier: 'flex', requested_tier: 'flex' })
  })
})

describe('responses', () => {
  const path = '/openai/v1/responses'

  it('answers what chat completions answers, and is billed the same', async () => {
    const response = await ask(path, { model: GPT, input: 'Tell me in 30 words.', instructions: 'Be short.' })
    simulator.reset()
    const messages = [{ role: 'system', content: 'Be short.' }, ...question]
    const chat = await ask('/openai/v1/chat/completions', { model: GPT, messages })
    const { output, usage, status } = response.body
    expect(status).toBe('completed')
    expect(output.map(({ type }: { type: string }) => type)).toEqual(['reasoning', 'message'])
    expect(output[1].content[0].text).toBe(chat.body.choices[0].message.content)
    expect(usage).toMatchObject({
      input_tokens: chat.body.usage.prompt_tokens,
      output_tokens: chat.body.usage.completion_tokens,
      output_tokens_details: chat.body.usage.completion_tokens_details,
    })
  })

  it('streams numbered events whose last one is the whole response', async () => {
    const input = { model: GPT, input: [{ role: 'user', content: [{ type: 'input_text', text: 'in 30 words' }] }] }
    const events = eventsIn((await ask(path, { ...input, stream: true })).text)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    const whole = events.at(-1)
    expect(whole.type).toBe('response.completed')
    const deltas = events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta)
    expect(deltas.join('')).toBe(whole.response.output.at(-1).content[0].text)
    expect(simulator.bill()[0]?.usage.output_tokens).toBe(whole.response.usage.output_tokens)
  })

  it('calls a function, streamed and not', async () => {
    const tools = [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } }]
    const body = {
      model: GPT,
      input: 'What is the weather?',
      tools,
      tool_choice: { type: 'function', name: 'weather' },
    }
    const whole = (await ask(path, body)).body.output.at(-1)
    expect(whole).toMatchObject({ type: 'function_call', name: 'weather', arguments: '{}' })
    const events = eventsIn((await ask(path, { ...body, stream: true })).text)
    const deltas = events.filter(({ type }) => type === 'response.function_call_arguments.delta')
    expect(deltas.map(({ delta }) => delta).join('')).toBe(whole.arguments)
  })

  it('keeps what it made for thirty days, in its region, until it is deleted', async () => {
    const { id } = (await ask(path, { model: GPT, input: 'My name is Ann.' })).body
    expect((await ask(`${path}/${id}`, undefined, KEY, 'GET')).body.id).toBe(id)
    const next = await ask(path, { model: GPT, input: 'And now?', previous_response_id: id })
    expect(next.body.usage.input_tokens).toBeGreaterThan(20)
    expect((await ask(`${path}/${id}/cancel`, {})).status).toBe(400)
    expect((await ask(`${path}/${id}`, undefined, KEY, 'DELETE')).body).toEqual({
      id,
      object: 'response',
      deleted: true,
    })
    expect((await ask(`${path}/${id}`, undefined, KEY, 'GET')).status).toBe(404)
    clock += 31 * 24 * 3_600_000
    expect((await ask(`${path}/${next.body.id}`, undefined, KEY, 'GET')).status).toBe(404)
    const forgotten = (await ask(path, { model: GPT, input: 'Hello', store: false })).body.id
    expect((await ask(`${path}/${forgotten}`, undefined, KEY, 'GET')).status).toBe(404)
  })

  it.each([
    [{ input: 'Hello' }],
    [{ model: OSS, input: 'Hello' }],
    [{ model: GPT, input: 'Hello', background: true }],
    [{ model: GPT, input: 'Hello', tools: [{ type: 'web_search' }] }],
    [{ model: GPT, input: 'Hello', previous_response_id: 'resp_nothere' }],
    [{ model: GPT, previous_response_id: 'resp_nothere' }],
    [{ model: GPT }],
    [{ model: 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x', input: 'Hello' }],
  ])('%j is refused', async (body) => {
    expect((await ask(path, body)).status).toBe(400)
    expect(simulator.bill()).toEqual([])
  })
})

describe('messages', () => {
  const path = '/anthropic/v1/messages'
  const body = { model: CLAUDE, max_tokens: 60, messages: question }
  const { model: _model, ...native } = { ...body, anthropic_version: 'bedrock-2023-05-31' }

  it.each([
    [{ authorization: 'Bearer simulator-bearer-key', 'anthropic-version': '2026-10-21' }],
    [{ 'x-api-key': 'simulator-bearer-key', 'anthropic-version': '2023-06-01' }],
  ])('answers what InvokeModel answers, and is billed the same, to %j', async (headers) => {
    const answer = await ask(path, body, headers)
    const invoked = await ask(`/model/${CLAUDE}/invoke`, native)
    expect(answer.body).toEqual(invoked.body)
    const [first, second] = simulator.bill()
    expect(first).toMatchObject({ operation: 'Messages', model_id: CLAUDE })
    expect(first?.usage).toEqual(second?.usage)
    expect(answer.headers.get('request-id')).toBe(first?.request_id)
  })

  it('streams named events with a ping', async () => {
    const { text } = await ask(path, { ...body, stream: true }, { ...KEY, ...VERSION })
    const names = [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name)
    expect(names.slice(0, 3)).toEqual(['message_start', 'ping', 'content_block_start'])
    expect(names.at(-1)).toBe('message_stop')
    expect(eventsIn(text).map(({ type }) => type)).toEqual(names)
    const deltas = eventsIn(text).filter(({ type }) => type === 'content_block_delta')
    const whole = await ask(path, body, { ...KEY, ...VERSION })
    expect(deltas.map(({ delta }) => delta.text).join('')).toBe(whole.body.content[0].text)
    expect(usages()[0]).toEqual(usages()[1])
  })

  it('says a failure in the middle of a stream as an error event', async () => {
    const model = `${CLAUDE}~fault=exception:after=5,type=throttlingException`
    const { text } = await ask(path, { ...body, model, stream: true }, { ...KEY, ...VERSION })
    expect(text.endsWith('\n\n')).toBe(true)
    expect(eventsIn(text).at(-1)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
    expect(simulator.bill()[0]).toMatchObject({ completed: false, usage: { output_tokens: 2 } })
  })

  it.each([
    [{ ...body }, KEY, 400, 'invalid_request_error'],
    [{ ...body }, { ...KEY, 'anthropic-version': '2020-01-01' }, 400, 'invalid_request_error'],
    [{ ...body, surprise: 1 }, { ...KEY, ...VERSION }, 400, 'invalid_request_error'],
    [{ ...body, anthropic_version: 'bedrock-2023-05-31' }, { ...KEY, ...VERSION }, 400, 'invalid_request_error'],
    [{ ...body, model: OSS }, { ...KEY, ...VERSION }, 400, 'invalid_request_error'],
    [
      { ...body, model: `${CLAUDE}~fault=error:type=ServiceUnavailableException` },
      { ...KEY, ...VERSION },
      529,
      'overloaded_error',
    ],
    [{ ...body }, VERSION, 401, 'authentication_error'],
  ])('refuses %j with %j', async (request, headers, status, type) => {
    const answer = await ask(path, request, headers)
    expect([answer.status, answer.body.type, answer.body.error.type]).toEqual([status, 'error', type])
    expect(answer.body.request_id).toBe(answer.headers.get('request-id'))
    expect(simulator.bill()).toEqual([])
  })

  it('has no count_tokens on this host', async () => {
    const answer = await ask(`${path}/count_tokens`, body, { ...KEY, ...VERSION })
    expect([answer.status, answer.body.error.type]).toEqual([404, 'not_found_error'])
  })
})
