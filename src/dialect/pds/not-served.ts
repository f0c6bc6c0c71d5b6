/** Calls the vendor has and this server does not mean to serve: known, and refused in so many words. */
import type { Call, SteppedEndpoint } from './call.ts'
import { sound } from './error.ts'

function notPlanned(why: string, calls: Readonly<Record<`/${string}`, string>>): SteppedEndpoint[] {
  return Object.entries(calls).map(([url, operation]) => ({
    url: url as `/${string}`,
    operation,
    coverage: `not planned: ${why}`,
    scope: '',
    guests: 'share',
    // biome-ignore lint/correctness/useYield: a call that needs nothing is a call all the same
    *steps(): Call {
      return sound(400, 'OperationNotSupport', `The operation ${url} is not supported.`)
    },
  }))
}

export const NOT_SERVED: readonly SteppedEndpoint[] = [
  ...notPlanned('this server renders and edits no documents', {
    '/file/get_office_preview_url': 'GetOfficePreviewUrl',
    '/file/get_office_edit_url': 'GetOfficeEditUrl',
    '/file/refresh_office_edit_token': 'RefreshOfficeEditToken',
  }),
  ...notPlanned('this server transcodes no videos', {
    '/file/get_video_preview_url': 'GetVideoPreviewUrl',
    '/file/get_video_preview_play_info': 'GetVideoPreviewPlayInfo',
    '/file/get_video_preview_play_meta': 'GetVideoPreviewPlayMeta',
  }),
  ...notPlanned('domains are made at the command line', {
    '/domain/create': 'CreateDomain',
    '/domain/update': 'UpdateDomain',
    '/domain/delete': 'DeleteDomain',
    '/domain/list': 'ListDomains',
    '/domain/search': 'SearchDomains',
  }),
]
