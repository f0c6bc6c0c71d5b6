import { afterEach, expect, it } from 'vitest'
import { startServer, type TestServer } from '../tests/server.ts'

let server: TestServer | undefined
afterEach(() => server?.stop())

it('serves every dialect and the transfer routes on one port', async () => {
  server = await startServer()
  const { url } = server
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' })
  const token = await fetch(`${url}/v1.0/oauth2/accessToken`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ appKey: 'dingdemo', appSecret: 'dingdemo-secret' }),
  })
  expect(await token.json()).toMatchObject({ accessToken: expect.any(String), expireIn: 7200 })
})
