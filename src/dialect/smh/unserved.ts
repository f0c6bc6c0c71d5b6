/** Calls of the vendor's that are known and not served: their clients are told so, not that the address is wrong. */
import type { Method, Operation } from './call.ts'
import { refuse, type SmhCode } from './error.ts'

export const unservedOperations: readonly Operation[] = [
  ...unserved('Space traffic limit', 'FunctionNotEnabled', [['POST', 'space/{lib}/{space}/traffic-limit']]),
]

function unserved(operation: string, code: SmhCode, calls: readonly (readonly [Method, string])[]): Operation[] {
  const handle = async () => {
    throw refuse(code)
  }
  return calls.map(([method, path]) => ({ operation, coverage: `not planned: ${code}`, method, path, handle }))
}
