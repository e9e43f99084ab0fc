// The table of operations; the first whose method and path match is run.
import type { Operation } from '../call.ts'
import { APPLY_GUARDRAIL } from './apply-guardrail.ts'
import { GET_ASYNC_INVOKE, LIST_ASYNC_INVOKES, START_ASYNC_INVOKE } from './async-invoke.ts'
import { ASSUME_ROLE } from './assume-role.ts'
import { CHAT_COMPLETIONS } from './chat-completions.ts'
import { CONVERSE } from './converse.ts'
import { CONVERSE_STREAM } from './converse-stream.ts'
import { COUNT_TOKENS } from './count-tokens.ts'
import { GET_FOUNDATION_MODEL, LIST_FOUNDATION_MODELS } from './foundation-models.ts'
import {
  CREATE_INFERENCE_PROFILE,
  DELETE_INFERENCE_PROFILE,
  GET_INFERENCE_PROFILE,
  LIST_INFERENCE_PROFILES,
} from './inference-profiles.ts'
import { INVOKE_ENDPOINT, INVOKE_ENDPOINT_ASYNC, INVOKE_ENDPOINT_WITH_RESPONSE_STREAM } from './invoke-endpoint.ts'
import { INVOKE_GUARDRAIL_CHECKS } from './invoke-guardrail-checks.ts'
import { INVOKE_MODEL } from './invoke-model.ts'
import { INVOKE_MODEL_WITH_RESPONSE_STREAM } from './invoke-model-with-response-stream.ts'
import { MESSAGES } from './messages.ts'
import { CANCEL_RESPONSE, CREATE_RESPONSE, DELETE_RESPONSE, GET_RESPONSE } from './responses.ts'
import { PUBLISH } from './publish.ts'
import { LIST_TAGS_FOR_RESOURCE, TAG_RESOURCE, UNTAG_RESOURCE } from './tags.ts'

export const OPERATIONS: readonly Operation[] = [
  ASSUME_ROLE,
  CONVERSE,
  CONVERSE_STREAM,
  INVOKE_MODEL,
  INVOKE_MODEL_WITH_RESPONSE_STREAM,
  COUNT_TOKENS,
  CHAT_COMPLETIONS,
  CREATE_RESPONSE,
  GET_RESPONSE,
  DELETE_RESPONSE,
  CANCEL_RESPONSE,
  MESSAGES,
  APPLY_GUARDRAIL,
  INVOKE_GUARDRAIL_CHECKS,
  START_ASYNC_INVOKE,
  LIST_ASYNC_INVOKES,
  GET_ASYNC_INVOKE,
  LIST_FOUNDATION_MODELS,
  GET_FOUNDATION_MODEL,
  CREATE_INFERENCE_PROFILE,
  LIST_INFERENCE_PROFILES,
  GET_INFERENCE_PROFILE,
  DELETE_INFERENCE_PROFILE,
  TAG_RESOURCE,
  UNTAG_RESOURCE,
  LIST_TAGS_FOR_RESOURCE,
  INVOKE_ENDPOINT,
  INVOKE_ENDPOINT_ASYNC,
  INVOKE_ENDPOINT_WITH_RESPONSE_STREAM,
  PUBLISH,
]
