import { describe, expect, it } from 'vitest'
import { ERROR_CODES, fail } from '../../engine/index.ts'
import { errors, failedAnswer, missing, noPermission, notFound, notValid } from './error.ts'

const codeOf = (answer: { body?: object }) => (answer.body as { code: string }).code

describe('errors', () => {
  it('have an HTTP status, a code of the vendor’s form and a message fit for a header, every one of them', () => {
    for (const code of ERROR_CODES) {
      const [status, word, message] = errors[code]
      expect(status).toBeGreaterThanOrEqual(400)
      expect(word).toMatch(/^[A-Z][A-Za-z0-9]*(\.[A-Z][A-Za-z]*)?$/)
      expect(message).toMatch(/^[\x20-\x7e]+$/)
    }
  })

  it('never say AccessTokenInvalid for a lack of rights: clients would refresh their token for ever', () => {
    const words = ERROR_CODES.map((code) => errors[code][1])
    expect(words.filter((word) => /AccessToken|TokenExpired|ShareLinkToken/.test(word))).toEqual([])
  })

  it('name the resource or the parameter behind the dot', () => {
    expect(codeOf(notValid('to_parent_file_id'))).toBe('InvalidParameter.ToParentFileId')
    expect(codeOf(missing('drive_id'))).toBe('InvalidParameterMissing.DriveId')
    expect(codeOf(notFound('share_link'))).toBe('NotFound.ShareLink')
    expect(codeOf(noPermission('drive'))).toBe('ForbiddenNoPermission.Drive')
  })

  it('tell a file where a folder is wanted from a folder where a file is wanted', () => {
    expect(codeOf(failedAnswer(fail('wrong_kind').error))).toBe('InvalidResource.FileTypeFolder')
    expect(codeOf(failedAnswer(fail('wrong_kind', { at: 'target' }).error))).toBe('InvalidParameter.ParentFileId')
  })

  it('name the attribute that is out of bounds in the request’s word for it', () => {
    expect(codeOf(failedAnswer(fail('attribute_invalid', { detail: 'tags' }).error))).toBe('InvalidParameter.UserTags')
    expect(codeOf(failedAnswer(fail('attribute_invalid', { detail: 'labels' }).error))).toBe('InvalidParameter.Labels')
  })
})
