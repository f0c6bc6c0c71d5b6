import { describe, expect, it } from 'vitest'
import { ERROR_CODES, fail } from '../../engine/index.ts'
import { answerTo, codeOfTask, errors, missing, paramError, refusal } from './error.ts'

describe('errors', () => {
  it('have a status that fits, a code without spaces and a message each', () => {
    expect(Object.keys(errors).sort()).toEqual([...ERROR_CODES].sort())
    for (const [status, code, message] of Object.values(errors)) {
      expect([400, 403, 404, 500, 503]).toContain(status)
      expect(code).toMatch(/^[A-Za-z.]+$/)
      expect(message).not.toBe('')
    }
  })

  it('blame the target for a target that is no folder', () => {
    expect(answerTo(fail('wrong_kind', { at: 'target' }).error)[1]).toBe('paramError.targetFolderId')
    expect(answerTo(fail('wrong_kind').error)[1]).toBe('paramError')
  })

  it('may be worded by a call of its own', () => {
    const refused = refusal(fail('name_invalid').error, { name_invalid: [400, 'paramError.name', 'no'] })
    expect(refused).toMatchObject({ status: 400, code: 'paramError.name', message: 'no' })
  })

  it('name the parameter only where the vendor has such a code', () => {
    expect(paramError('dentryIds', 'x.')).toMatchObject({ status: 400, code: 'paramError.dentryIds' })
    expect(paramError('option', 'x.')).toMatchObject({ status: 400, code: 'paramError', message: 'option x.' })
    expect(missing('targetSpaceId')).toMatchObject({
      status: 400,
      code: 'MissingtargetSpaceId',
      message: 'targetSpaceId is mandatory for this action.',
    })
  })

  it('tell a task’s first failure in the vendor’s words', () => {
    expect(codeOfTask('forbidden')).toBe('permissionDenied')
    expect(codeOfTask('')).toBe('')
  })
})
