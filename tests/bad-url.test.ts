import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from './server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

describe('a path that is not well percent-encoded', () => {
  it.each([
    ['/v2/file/%zz', { code: 'InvalidParameter' }],
    ['/api/v1/file/smhdemo/1001/a%zz', { code: 'BadRequest', requestId: expect.any(String) }],
    ['/v7/files/%zz/meta', { code: 400000002 }],
    ['/v1.0/storage/spaces/%zz', { code: 'paramError', requestid: expect.any(String) }],
    ['/elsewhere/%zz', { code: 'BadRequest' }],
  ])('is refused in the words of its dialect: %s', async (path, body) => {
    const response = await fetch(server.url + path)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject(body)
  })
})
