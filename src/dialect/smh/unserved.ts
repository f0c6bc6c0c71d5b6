/** Calls of the vendor's that are known and not served: their clients are told so, not that the address is wrong. */
import type { Method, Operation } from './call.ts'
import { refuse, type SmhCode } from './error.ts'

export const unservedOperations: readonly Operation[] = [
  ...unserved('Search', 'SearchNotEnabled', [
    ['POST', 'search/{lib}/{space}/{path*}'],
    ['GET', 'search/{lib}/{space}/{path*}'],
    ['DELETE', 'search/{lib}/{space}/{path*}'],
  ]),
  ...unserved('Change log', 'FunctionNotEnabled', [['GET', 'fs-delta/{lib}/{path*}']]),
  ...unserved('Shares', 'FunctionNotEnabled', [
    ['POST', 'share/{lib}/{path*}'],
    ['GET', 'share/{lib}/{path*}'],
    ['DELETE', 'share/{lib}/{path*}'],
  ]),
  ...unserved('Authorities', 'FunctionNotEnabled', [
    ['GET', 'authority/{lib}/{path*}'],
    ['POST', 'authority/{lib}/{path*}'],
  ]),
  ...unserved('Album cover', 'FunctionNotEnabled', [['GET', 'album/{lib}/{path*}']]),
  ...unserved('Space file count', 'FunctionNotEnabled', [['GET', 'space/{lib}/{space}/file-count']]),
  ...unserved('Flat view of a space', 'FunctionNotEnabled', [['GET', 'space/{lib}/{space}/contents-view']]),
  ...unserved('Space traffic limit', 'FunctionNotEnabled', [['POST', 'space/{lib}/{space}/traffic-limit']]),
]

function unserved(operation: string, code: SmhCode, calls: readonly (readonly [Method, string])[]): Operation[] {
  const handle = async () => {
    throw refuse(code)
  }
  return calls.map(([method, path]) => ({ operation, coverage: `not served: ${code}`, method, path, handle }))
}
